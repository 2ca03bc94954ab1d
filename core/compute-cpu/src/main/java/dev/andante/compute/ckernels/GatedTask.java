package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A product whose first half of outputs are gates of its second half, split by groups of gates;
 * reused as {@link ProductTask} is. What lies between product and gates stays in the memory of the
 * thread that computes it.
 */
final class GatedTask implements ComputePool.Task {

  /** {@code GATED_ROWS} of kernels.h. */
  private static final int ROWS = 96;

  private int isa;
  private int tasks;
  private int groups;
  private int rows;
  private MemorySegment weight = MemorySegment.NULL;
  private MemorySegment codes = MemorySegment.NULL;
  private MemorySegment x = MemorySegment.NULL;
  private long xAt;
  private long xStride;
  private MemorySegment bias = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private long outAt;
  private long outStride;
  private @Nullable ThreadLocal<Scratch> scratch;

  /**
   * @param of a weight that {@link NativeWeight#isHalved}
   * @param roundedRows the rows in 8 bits; null = as they are
   * @param count at most as many as there are groups of gates
   * @param memory of each thread
   */
  void run(
      ComputePool pool,
      int set,
      HostMatrix in,
      @Nullable MemorySegment roundedRows,
      NativeWeight of,
      HostMatrix target,
      int count,
      ThreadLocal<Scratch> memory) {
    PackedWeight part = of.parts()[0];
    isa = set;
    tasks = count;
    groups = part.groups() / 2;
    rows = in.rows();
    weight = part.struct();
    codes = roundedRows == null ? MemorySegment.NULL : roundedRows;
    x = in.segment();
    xAt = in.offset(0);
    xStride = in.stride();
    bias = of.bias();
    out = target.segment();
    outAt = target.offset(0);
    outStride = target.stride();
    scratch = memory;
    pool.run(count, this);
  }

  @Override
  public void run(int task) {
    int from = GroupShares.first(groups, task, tasks);
    int to = GroupShares.first(groups, task + 1, tasks);
    Kernels.gated(
        isa,
        weight,
        from,
        to,
        codes,
        x,
        xAt,
        xStride,
        rows,
        bias,
        out,
        outAt,
        outStride,
        Objects.requireNonNull(scratch)
            .get()
            .gated(2L * Math.min(rows, ROWS) * WeightLayout.LANES * (to - from)));
  }
}
