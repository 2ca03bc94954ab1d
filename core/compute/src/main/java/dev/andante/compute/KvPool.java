package dev.andante.compute;

import java.lang.foreign.MemorySegment;

/**
 * Memory for KV blocks, allocated once, in the memory of the backend that made it. It only stores:
 * who owns which block is the engine's business. Distinct blocks may be used by distinct threads at
 * once.
 */
public interface KvPool extends AutoCloseable {

  KvLayout layout();

  int blocks();

  /**
   * Copies the K and V of tokens {@code [firstToken, firstToken + tokens)} of {@code block} in
   * layers {@code [firstLayer, firstLayer + layers)} to {@code target}, in wire order. Waits for
   * work already queued that writes them.
   *
   * @param firstToken index inside the block
   * @param target at least {@code tokens * layers * layout().bytesPerTokenLayer()} bytes
   */
  void read(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment target);

  /** The inverse of {@link #read}. */
  void write(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment source);

  /**
   * Whether another thread may {@link #write} while the one that computes is in a pass with other
   * blocks: neither waits for the other, and the pass is as it would have been.
   */
  default boolean writesBesidePasses() {
    return true;
  }

  /** Copies a whole block, all layers. */
  void copy(int from, int to);

  @Override
  void close();
}
