package dev.andante.model.experts;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntFunction;

/**
 * Scratch memory for as many threads as come at once, kept for the next call. A piece that is too
 * small is replaced by one whose capacity is the next power of two, so allocation soon stops.
 */
final class ScratchPool<S extends Scratch> implements AutoCloseable {

  private final IntFunction<S> allocator;
  private final ConcurrentLinkedQueue<S> idle = new ConcurrentLinkedQueue<>();

  /**
   * @param allocator makes scratch of a given capacity
   */
  ScratchPool(IntFunction<S> allocator) {
    this.allocator = allocator;
  }

  /** Scratch for at least {@code capacity} rows; give it back with {@link #release}. */
  S acquire(int capacity) {
    S scratch = idle.poll();
    if (scratch != null && scratch.capacity() >= capacity) {
      return scratch;
    }
    if (scratch != null) {
      scratch.close();
    }
    return allocator.apply(capacity <= 1 ? 1 : Integer.highestOneBit(capacity - 1) << 1);
  }

  void release(S scratch) {
    idle.add(scratch);
  }

  /** Frees what is idle; nothing may be in use. */
  @Override
  public void close() {
    S scratch;
    while ((scratch = idle.poll()) != null) {
      scratch.close();
    }
  }
}
