package dev.andante.simulator.serving;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import java.lang.foreign.MemorySegment;

/** A pool whose blocks have no content: moving one takes its time, and that is all. */
final class TimedKvPool implements KvPool {

  private final KvLayout layout;
  private final int blocks;
  private final long copyNanos;
  private long spent;

  /**
   * @param copyNanos of a block to elsewhere or back
   */
  TimedKvPool(int blockSize, int blocks, long copyNanos) {
    this.layout = new KvLayout(1, 1, 1, blockSize, DType.BF16);
    this.blocks = blocks;
    this.copyNanos = copyNanos;
  }

  /** Nanoseconds that copies took since this was last asked. */
  long takeSpent() {
    long all = spent;
    spent = 0;
    return all;
  }

  /** Nanoseconds that copies took since {@link #takeSpent}. */
  long spent() {
    return spent;
  }

  @Override
  public KvLayout layout() {
    return layout;
  }

  @Override
  public int blocks() {
    return blocks;
  }

  @Override
  public void read(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment target) {
    spent += copyNanos;
  }

  @Override
  public void write(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment source) {
    spent += copyNanos;
  }

  /** Beside what goes to the host and back, nothing takes time. */
  @Override
  public void copy(int from, int to) {}

  @Override
  public void close() {}
}
