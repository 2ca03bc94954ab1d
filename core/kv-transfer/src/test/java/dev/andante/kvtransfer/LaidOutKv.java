package dev.andante.kvtransfer;

import dev.andante.engine.KvView;
import java.lang.foreign.MemorySegment;

/**
 * KV that lies in wire order already.
 *
 * @param kv of all layers
 */
public record LaidOutKv(int layers, MemorySegment kv) implements KvView {

  /** Of a {@link FakeEngine}'s layout. */
  public static LaidOutKv of(byte[] kv) {
    return new LaidOutKv(FakeEngine.LAYOUT.layers(), MemorySegment.ofArray(kv));
  }

  @Override
  public long bytes() {
    return kv.byteSize();
  }

  @Override
  public void copyTo(int firstLayer, int count, MemorySegment target) {
    long layer = kv.byteSize() / layers;
    target.copyFrom(kv.asSlice(firstLayer * layer, count * layer));
  }
}
