package dev.andante.compute.host;

import dev.andante.compute.BFloat16;
import dev.andante.compute.BackendException;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * KV blocks {@code [layer][block][k|v][kvHead][token][headDim]}, little endian. Because tokens of
 * one head are neighbours, a run of tokens is one copy per head, and a whole block one copy.
 */
public final class HostKvPool extends OffHeapKvPool {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final KvLayout layout;
  private final long tokenBytes;

  /**
   * @throws BackendException if the memory cannot be had
   */
  public HostKvPool(KvLayout layout, int blocks) {
    super(layout, blocks, layout.bytesPerTokenLayer() * layout.blockSize());
    this.layout = layout;
    this.tokenBytes = (long) layout.headDim() * layout.dtype().blockBytes();
  }

  /** Byte offset of one token's vector of one head; the head's later tokens of the block follow. */
  public long offset(int layer, int block, int side, int head, int token) {
    long run = (long) side * layout.kvHeads() + head;
    return offset(layer, block) + (run * layout.blockSize() + token) * tokenBytes;
  }

  /** Stores rows of keys or values {@code [batch.rows, kvHeads * headDim]}. */
  public void store(HostMatrix x, int layer, int side, HostBatch batch) {
    int[] slots = batch.slots(layout.blockSize());
    for (int r = 0; r < x.rows(); r++) {
      int block = slots[r] / layout.blockSize();
      int token = slots[r] % layout.blockSize();
      for (int head = 0; head < layout.kvHeads(); head++) {
        long to = offset(layer, block, side, head, token);
        store(to, x.data(), x.offset(r) + head * layout.headDim());
      }
    }
  }

  /** Stores {@code source[at … at + headDim)} at {@link #offset}, rounded to the pool's dtype. */
  public void store(long offset, float[] source, int at) {
    if (layout.dtype() == DType.F32) {
      MemorySegment.copy(source, at, memory(), FLOAT, offset, layout.headDim());
    } else {
      for (int i = 0; i < layout.headDim(); i++) {
        memory().set(SHORT, offset + 2L * i, BFloat16.fromFloat(source[at + i]));
      }
    }
  }

  /** Loads the vector at {@link #offset} to {@code target[at … at + headDim)}. */
  public void load(long offset, float[] target, int at) {
    if (layout.dtype() == DType.F32) {
      MemorySegment.copy(memory(), FLOAT, offset, target, at, layout.headDim());
    } else {
      for (int i = 0; i < layout.headDim(); i++) {
        target[at + i] = BFloat16.toFloat(memory().get(SHORT, offset + 2L * i));
      }
    }
  }

  @Override
  protected void readLayer(
      int layer, int block, int firstToken, int tokens, MemorySegment target, long at) {
    if (tokens == layout.blockSize()) {
      MemorySegment.copy(memory(), offset(layer, block), target, at, wholeBlock());
      return;
    }
    long bytes = tokens * tokenBytes;
    long to = at;
    for (int side = KEYS; side <= VALUES; side++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        long from = offset(layer, block, side, head, firstToken);
        MemorySegment.copy(memory(), from, target, to, bytes);
        to += bytes;
      }
    }
  }

  @Override
  protected void writeLayer(
      int layer, int block, int firstToken, int tokens, MemorySegment source, long at) {
    if (tokens == layout.blockSize()) {
      MemorySegment.copy(source, at, memory(), offset(layer, block), wholeBlock());
      return;
    }
    long bytes = tokens * tokenBytes;
    long from = at;
    for (int side = KEYS; side <= VALUES; side++) {
      for (int head = 0; head < layout.kvHeads(); head++) {
        long to = offset(layer, block, side, head, firstToken);
        MemorySegment.copy(source, from, memory(), to, bytes);
        from += bytes;
      }
    }
  }

  /** Bytes of a block in a layer, which lies there as on the wire. */
  private long wholeBlock() {
    return layout.bytesPerTokenLayer() * layout.blockSize();
  }
}
