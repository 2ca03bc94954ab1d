package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;

/** Rounds rows to bf16, in tiles of 16 rows; reused as {@link ProductTask} is. */
final class NarrowingTask implements ComputePool.Task {

  /** Elements worth a task of their own. */
  private static final int GRAIN = 32 * 1024;

  private MemorySegment x = MemorySegment.NULL;
  private long xAt;
  private long xStride;
  private int rows;
  private int inputs;
  private int rowGroups;
  private int each;
  private MemorySegment gain = MemorySegment.NULL;
  private float eps;
  private MemorySegment target = MemorySegment.NULL;

  /**
   * @param factors the gain of their RMS norm, which is rounded then; NULL = the rows as they are
   */
  void run(
      ComputePool pool, HostMatrix in, MemorySegment factors, float epsilon, MemorySegment to) {
    x = in.segment();
    xAt = in.offset(0);
    xStride = in.stride();
    rows = in.rows();
    inputs = in.columns();
    rowGroups = (rows + Tiles.ROWS - 1) / Tiles.ROWS;
    each = Math.max(1, GRAIN / (Tiles.ROWS * inputs));
    gain = factors;
    eps = epsilon;
    target = to;
    pool.run((rowGroups + each - 1) / each, this);
  }

  @Override
  public void run(int task) {
    int from = task * each;
    int to = Math.min(rowGroups, from + each);
    Kernels.narrowTiles(x, xAt, xStride, rows, inputs, gain, eps, from, to, target);
  }
}
