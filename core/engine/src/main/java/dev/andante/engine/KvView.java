package dev.andante.engine;

import dev.andante.compute.KvPool;
import java.lang.foreign.MemorySegment;

/**
 * KV of a run of tokens where it lies, which whoever wants it copies to where it is needed. Valid
 * only during the call that it is a parameter of, on its thread.
 */
public interface KvView {

  /** Tokens {@code [firstToken, firstToken + tokens)} of a block of a pool. */
  static KvView of(KvPool pool, int block, int firstToken, int tokens) {
    return new KvInPool(pool, block, firstToken, tokens);
  }

  int layers();

  /** Of all layers together. */
  long bytes();

  /**
   * Copies layers {@code [firstLayer, firstLayer + layers)}.
   *
   * @param target takes them in wire order ({@link dev.andante.compute.KvLayout}); at least as many
   *     bytes as they have
   */
  void copyTo(int firstLayer, int layers, MemorySegment target);
}
