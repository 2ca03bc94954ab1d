package dev.andante.engine;

import dev.andante.compute.KvPool;
import java.lang.foreign.MemorySegment;

/** Some tokens of a block of a pool. */
record KvInPool(KvPool pool, int block, int firstToken, int tokens) implements KvView {

  @Override
  public int layers() {
    return pool.layout().layers();
  }

  @Override
  public long bytes() {
    return tokens * pool.layout().bytesPerToken();
  }

  @Override
  public void copyTo(int firstLayer, int layers, MemorySegment target) {
    pool.read(block, firstToken, tokens, firstLayer, layers, target);
  }
}
