package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A product with one packed weight, split by groups of outputs. Reused from product to product by
 * the thread that owns it, so that decoding makes no garbage.
 */
final class ProductTask implements ComputePool.Task {

  private int isa;
  private int tasks;
  private int groups;
  private int rows;
  private MemorySegment weight = MemorySegment.NULL;
  private MemorySegment x = MemorySegment.NULL;
  private long xAt;
  private long xStride;
  private @Nullable MemorySegment rounded;
  private MemorySegment out = MemorySegment.NULL;
  private long outAt;
  private long outStride;
  private MemorySegment bias = MemorySegment.NULL;
  private long biasAt;
  private int add;

  /**
   * @param first column of out that output 0 goes to, and element of the bias
   */
  void prepare(
      int set,
      HostMatrix in,
      PackedWeight part,
      MemorySegment offsets,
      int first,
      HostMatrix target,
      boolean toSum) {
    isa = set;
    groups = part.groups();
    rows = in.rows();
    weight = part.struct();
    x = in.segment();
    xAt = in.offset(0);
    xStride = in.stride();
    out = target.segment();
    outAt = (long) target.offset(0) + first;
    outStride = target.stride();
    bias = offsets;
    biasAt = first;
    add = toSum ? 1 : 0;
  }

  /**
   * @param roundedRows the rows in 8 bits; null = as they are
   */
  void run(ComputePool pool, int count, @Nullable MemorySegment roundedRows) {
    tasks = count;
    rounded = roundedRows;
    pool.run(count, this);
  }

  @Override
  public void run(int task) {
    int from = GroupShares.first(groups, task, tasks);
    int to = GroupShares.first(groups, task + 1, tasks);
    MemorySegment codes = rounded;
    if (codes != null) {
      Kernels.productQ(
          isa, weight, from, to, codes, rows, out, outAt, outStride, bias, biasAt, add);
    } else {
      Kernels.productF(
          isa, weight, from, to, x, xAt, xStride, rows, out, outAt, outStride, bias, biasAt, add);
    }
  }
}
