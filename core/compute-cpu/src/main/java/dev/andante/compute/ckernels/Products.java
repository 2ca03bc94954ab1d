package dev.andante.compute.ckernels;

import static java.lang.foreign.MemorySegment.NULL;

import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Products of activations and packed weights: chooses the kernel, rounds the rows if need be and
 * splits the work.
 */
final class Products {

  /** Multiply-adds that a thread does in about 5 µs: less is not worth a task of its own. */
  private static final long SMALLEST_TASK = 300_000;

  /** Multiply-adds that end well within what a critical call may take. */
  private static final long LARGEST_TASK = 100_000_000;

  private static final int TASKS_PER_THREAD = 4;

  private final ComputePool pool;
  private final InstructionSet set;
  private final int isa;
  private final ThreadLocal<Scratch> scratch;
  private final Tiles tiles;

  Products(ComputePool pool, InstructionSet set, ThreadLocal<Scratch> scratch) {
    this.pool = pool;
    this.set = set;
    this.isa = set.code();
    this.scratch = scratch;
    this.tiles = new Tiles(pool, scratch);
  }

  void multiply(
      HostMatrix x, NativeWeight weight, HostMatrix out, boolean add, Precision precision) {
    if (x.rows() == 0) {
      return;
    }
    if (x.rows() >= set.manyRows(precision)) {
      tiles.multiply(x, weight, out, add);
      return;
    }
    Scratch mine = scratch.get();
    boolean fast = roundIfQuantized(x, weight, precision, mine);
    multiply(x, weight, out, add, fast, mine);
  }

  /**
   * As {@link #multiply}, of the RMS norms of the rows.
   *
   * @param gain of the norm
   * @return false if nothing was done, as there is no faster way than norm and product
   */
  boolean multiplyNormed(
      HostMatrix x,
      MemorySegment gain,
      float eps,
      NativeWeight weight,
      HostMatrix out,
      Precision precision) {
    if (x.rows() == 0) {
      return true;
    }
    if (x.rows() >= set.manyRows(precision)) {
      tiles.multiplyNormed(x, gain, eps, weight, out);
      return true;
    }
    boolean can = precision == Precision.FAST && weight.isAllQuantized();
    if (can) {
      Scratch mine = scratch.get();
      round(x, gain, eps, mine);
      multiply(x, weight, out, false, true, mine);
    }
    return can;
  }

  /**
   * @param rounded whether quantized parts take the rows that {@link #round} made
   */
  private void multiply(
      HostMatrix x,
      NativeWeight weight,
      HostMatrix out,
      boolean add,
      boolean rounded,
      Scratch mine) {
    ProductTask product = mine.product();
    int first = 0;
    for (PackedWeight part : weight.parts()) {
      product.prepare(isa, x, part, weight.bias(), first, out, add);
      product.run(pool, tasks(part, x.rows(), part.groups()), codes(part, rounded, mine));
      first += part.outputs();
    }
  }

  /**
   * As {@link #multiply} and then silu of the first half of the outputs times the second half. Only
   * where {@link NativeWeight#isHalved}.
   */
  void multiplyGated(HostMatrix x, NativeWeight weight, HostMatrix out, Precision precision) {
    if (x.rows() == 0) {
      return;
    }
    if (x.rows() >= set.manyRows(precision)) {
      tiles.multiplyGated(x, weight, out);
      return;
    }
    Scratch mine = scratch.get();
    boolean fast = roundIfQuantized(x, weight, precision, mine);
    multiplyGated(x, weight, out, fast, mine);
  }

  /** As {@link #multiplyNormed}, of {@link #multiplyGated}. */
  boolean multiplyGatedNormed(
      HostMatrix x,
      MemorySegment gain,
      float eps,
      NativeWeight weight,
      HostMatrix out,
      Precision precision) {
    boolean can =
        x.rows() < set.manyRows(precision)
            && precision == Precision.FAST
            && weight.isHalved()
            && weight.isAllQuantized();
    if (can && x.rows() > 0) {
      Scratch mine = scratch.get();
      round(x, gain, eps, mine);
      multiplyGated(x, weight, out, true, mine);
    }
    return can;
  }

  private void multiplyGated(
      HostMatrix x, NativeWeight weight, HostMatrix out, boolean rounded, Scratch mine) {
    PackedWeight part = weight.parts()[0];
    int tasks = tasks(part, x.rows(), part.groups() / 2);
    mine.gating().run(pool, isa, x, codes(part, rounded, mine), weight, out, tasks, scratch);
  }

  /**
   * {@code sum += Gated(x, gateUp) · downᵀ + bias}, as {@link #multiplyGated} and {@link #multiply}
   * give it.
   *
   * @param gain of an RMS norm in front of it; NULL = none
   * @return false if nothing was done, as there is no faster way than those two
   */
  boolean feedForward(
      HostMatrix x,
      MemorySegment gain,
      float eps,
      NativeWeight gateUp,
      NativeWeight down,
      HostMatrix sum,
      Precision precision) {
    boolean can = x.rows() > 0 && x.rows() >= set.manyRows(precision) && gateUp.isHalved();
    if (can) {
      tiles.feedForward(x, gain, eps, gateUp, down, sum);
    }
    return can;
  }

  /** Whether the product takes the rows in 8 bits, which are in the scratch memory then. */
  private boolean roundIfQuantized(
      HostMatrix x, NativeWeight weight, Precision precision, Scratch mine) {
    boolean fast = precision == Precision.FAST && weight.isQuantized();
    if (fast) {
      round(x, NULL, 0, mine);
    }
    return fast;
  }

  /** Rounds the rows, or their RMS norms, to 8 bits, into the scratch memory. */
  private void round(HostMatrix x, MemorySegment gain, float eps, Scratch mine) {
    MemorySegment target = mine.quantized(rowBytes(x.columns()) * x.rows());
    mine.rounding().run(pool, isa, x, gain, eps, target);
  }

  private static @Nullable MemorySegment codes(PackedWeight part, boolean rounded, Scratch mine) {
    return rounded && part.isQuantized() ? mine.quantized(0) : null;
  }

  /** {@code ROW_BYTES} of kernels.h. */
  private static long rowBytes(int inputs) {
    return inputs + 20L * (inputs / WeightLayout.BLOCK);
  }

  /**
   * @param most that there can be
   */
  private int tasks(PackedWeight part, int rows, int most) {
    long work = (long) rows * part.outputs() * part.inputs();
    long wanted = Math.min((long) TASKS_PER_THREAD * pool.threads(), work / SMALLEST_TASK * 4 + 1);
    return Math.clamp(Math.max(wanted, work / LARGEST_TASK), 1, most);
  }
}
