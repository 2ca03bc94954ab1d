package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;

/** Products of activations and packed weights: rounds the rows if need be and splits the work. */
final class Products {

  /** Multiply-adds that a thread does in about 10 µs: less is not worth a task of its own. */
  private static final long SMALLEST_TASK = 1_000_000;

  /** Multiply-adds that end well within what a critical call may take. */
  private static final long LARGEST_TASK = 100_000_000;

  private static final int TASKS_PER_THREAD = 4;

  /** Rows worth a task of their own when they are rounded. */
  private static final int QUANTIZED_ROWS = 16;

  private final ComputePool pool;
  private final int isa;
  private final ThreadLocal<Scratch> scratch;

  Products(ComputePool pool, InstructionSet isa, ThreadLocal<Scratch> scratch) {
    this.pool = pool;
    this.isa = isa.code();
    this.scratch = scratch;
  }

  void multiply(
      HostMatrix x, NativeWeight weight, HostMatrix out, boolean add, Precision precision) {
    int rows = x.rows();
    if (rows == 0) {
      return;
    }
    boolean fast = precision == Precision.FAST && weight.isQuantized();
    MemorySegment rounded = fast ? quantize(x) : MemorySegment.NULL;
    int first = 0;
    for (PackedWeight part : weight.parts()) {
      if (fast && part.isQuantized()) {
        rounded(rounded, rows, part, target(out, first), out.stride(), weight.bias(first), add);
      } else {
        exact(x, part, target(out, first), out.stride(), weight.bias(first), add);
      }
      first += part.outputs();
    }
  }

  private static MemorySegment target(HostMatrix matrix, int column) {
    return matrix.segment().asSlice((long) Float.BYTES * (matrix.offset(0) + column));
  }

  private MemorySegment quantize(HostMatrix x) {
    int inputs = x.columns();
    long rowBytes = inputs + 20L * (inputs / WeightLayout.BLOCK);
    MemorySegment target = scratch.get().quantized(rowBytes * x.rows());
    MemorySegment source = target(x, 0);
    int tasks = (x.rows() + QUANTIZED_ROWS - 1) / QUANTIZED_ROWS;
    pool.run(
        tasks,
        task -> {
          int from = task * QUANTIZED_ROWS;
          int to = Math.min(x.rows(), from + QUANTIZED_ROWS);
          Kernels.quantize(isa, source, x.stride(), from, to, inputs, target);
        });
    return target;
  }

  private void rounded(
      MemorySegment x,
      int rows,
      PackedWeight part,
      MemorySegment out,
      long stride,
      MemorySegment bias,
      boolean add) {
    int groups = part.groups();
    int tasks = tasks(groups, rows, part);
    pool.run(
        tasks,
        task ->
            Kernels.productQ(
                isa,
                part.struct(),
                share(groups, task, tasks),
                share(groups, task + 1, tasks),
                x,
                rows,
                out,
                stride,
                bias,
                add ? 1 : 0));
  }

  private void exact(
      HostMatrix x,
      PackedWeight part,
      MemorySegment out,
      long stride,
      MemorySegment bias,
      boolean add) {
    int groups = part.groups();
    int tasks = tasks(groups, x.rows(), part);
    MemorySegment source = target(x, 0);
    pool.run(
        tasks,
        task ->
            Kernels.productF(
                isa,
                part.struct(),
                share(groups, task, tasks),
                share(groups, task + 1, tasks),
                source,
                x.stride(),
                x.rows(),
                out,
                stride,
                bias,
                add ? 1 : 0));
  }

  private int tasks(int groups, int rows, PackedWeight part) {
    long work = (long) rows * part.outputs() * part.inputs();
    long wanted = Math.min((long) TASKS_PER_THREAD * pool.threads(), work / SMALLEST_TASK * 4 + 1);
    return Math.clamp(Math.max(wanted, work / LARGEST_TASK), 1, groups);
  }

  private static int share(int groups, int task, int tasks) {
    return (int) ((long) groups * task / tasks);
  }
}
