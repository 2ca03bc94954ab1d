package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;

/** Rounds rows to 8 bits; reused as {@link ProductTask} is. */
final class RoundingTask implements ComputePool.Task {

  /** Elements worth a task of their own. */
  private static final int GRAIN = 4 * 1024;

  private int isa;
  private MemorySegment x = MemorySegment.NULL;
  private long xAt;
  private long xStride;
  private int rows;
  private int each;
  private int inputs;
  private MemorySegment gain = MemorySegment.NULL;
  private float eps;
  private MemorySegment target = MemorySegment.NULL;

  /**
   * @param factors the gain of their RMS norm, which is rounded then; NULL = the rows as they are
   */
  void run(
      ComputePool pool,
      int set,
      HostMatrix in,
      MemorySegment factors,
      float epsilon,
      MemorySegment to) {
    isa = set;
    x = in.segment();
    xAt = in.offset(0);
    xStride = in.stride();
    rows = in.rows();
    inputs = in.columns();
    gain = factors;
    eps = epsilon;
    target = to;
    each = Math.max(1, GRAIN / inputs);
    pool.run((rows + each - 1) / each, this);
  }

  @Override
  public void run(int task) {
    int from = task * each;
    Kernels.quantize(
        isa, x, xAt, xStride, from, Math.min(rows, from + each), inputs, gain, eps, target);
  }
}
