package dev.andante.compute.ckernels;

import static java.lang.foreign.MemorySegment.NULL;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;

/**
 * Products of many rows on the tiles of AMX: rows and weights are rounded to bf16, sums are f32;
 * see tiles.c.
 */
final class Tiles {

  /**
   * Fewer rows are faster as bytes: unpacking a weight costs as much as 16 rows of the other
   * kernels.
   */
  static final int FEWEST_ROWS = 32;

  /** Rows of a tile. */
  static final int ROWS = 16;

  /** Inputs of a tile of bf16. */
  private static final int INPUTS = 32;

  private static final int BYTES = 1024;

  /** {@code TILE_STEPS} of kernels.h. */
  private static final int RUN_STEPS = 20;

  private final ComputePool pool;
  private final ThreadLocal<Scratch> scratch;

  /**
   * @param scratch buffers of the threads
   */
  Tiles(ComputePool pool, ThreadLocal<Scratch> scratch) {
    this.pool = pool;
    this.scratch = scratch;
  }

  /** {@code out = x · Wᵀ + bias}, or {@code out += …} if {@code add}. */
  void multiply(HostMatrix x, NativeWeight weight, HostMatrix out, boolean add) {
    Scratch mine = scratch.get();
    multiply(narrow(x, NULL, 0, mine), weight, out, add, mine);
  }

  /**
   * As {@link #multiply}, of the rows' RMS norms, which go to the product as tiles only.
   *
   * @param gain of the norm
   */
  void multiplyNormed(
      HostMatrix x, MemorySegment gain, float eps, NativeWeight weight, HostMatrix out) {
    Scratch mine = scratch.get();
    multiply(narrow(x, gain, eps, mine), weight, out, false, mine);
  }

  /** As {@link Products#multiplyGated}. */
  void multiplyGated(HostMatrix x, NativeWeight weight, HostMatrix out) {
    Scratch mine = scratch.get();
    mine.tiled().multiplyGated(pool, scratch, narrow(x, NULL, 0, mine), weight, out);
  }

  /**
   * {@code sum += Gated(x, gateUp) · downᵀ + bias}; what lies between goes from product to product
   * as tiles, a quarter of the bytes of writing, reading and rounding it.
   *
   * @param gain of an RMS norm in front of it; NULL = none
   * @param gateUp a weight that {@link NativeWeight#isHalved}
   */
  void feedForward(
      HostMatrix x,
      MemorySegment gain,
      float eps,
      NativeWeight gateUp,
      NativeWeight down,
      HostMatrix sum) {
    Scratch mine = scratch.get();
    MemorySegment inner = mine.inner(bytes(x.rows(), down.inputs()));
    MemorySegment rows = narrow(x, gain, eps, mine);
    mine.tiled().multiplyGated(pool, scratch, rows, gateUp, x.rows(), inner);
    multiply(inner, down, sum, true, mine);
  }

  private void multiply(
      MemorySegment tiles, NativeWeight weight, HostMatrix out, boolean add, Scratch mine) {
    int first = 0;
    for (PackedWeight part : weight.parts()) {
      mine.tiled().multiply(pool, scratch, tiles, part, weight.bias(), first, out, add);
      first += part.outputs();
    }
  }

  private MemorySegment narrow(HostMatrix x, MemorySegment gain, float eps, Scratch mine) {
    MemorySegment target = mine.narrowed(bytes(x.rows(), x.columns()));
    mine.narrowing().run(pool, x, gain, eps, target);
    return target;
  }

  /** Of the tiles of so many rows. */
  private static long bytes(int rows, int inputs) {
    return (rows + ROWS - 1L) / ROWS * steps(inputs) * BYTES;
  }

  /** {@code TILE_PANELS} of kernels.h. */
  static long panelBytes(int rows) {
    return 2L * RUN_STEPS * 2 * BYTES + (rows + 31L) / 32 * 8 * BYTES;
  }

  private static long steps(int inputs) {
    return (inputs + INPUTS - 1L) / INPUTS;
  }
}
