package dev.andante.compute.ckernels;

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

  /** {@code TILE_PANEL} of kernels.h. */
  private static final long PANEL = 512 << 10;

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
    MemorySegment narrowed = narrow(x, mine);
    int first = 0;
    for (PackedWeight part : weight.parts()) {
      mine.tiled().multiply(pool, scratch, narrowed, part, weight.bias(), first, out, add);
      first += part.outputs();
    }
  }

  /** As {@link Products#multiplyGated}. */
  void multiplyGated(HostMatrix x, NativeWeight weight, HostMatrix out) {
    Scratch mine = scratch.get();
    MemorySegment narrowed = narrow(x, mine);
    mine.tiled().multiplyGated(pool, scratch, narrowed, weight, out);
  }

  private MemorySegment narrow(HostMatrix x, Scratch mine) {
    long rowGroups = (x.rows() + ROWS - 1L) / ROWS;
    MemorySegment target = mine.narrowed(rowGroups * steps(x.columns()) * BYTES);
    mine.narrowing().run(pool, x, target);
    return target;
  }

  /** Bytes that the kernels unpack weights of so many inputs into. */
  static long panelBytes(int inputs) {
    return Math.max(PANEL, 4L * steps(inputs) * BYTES);
  }

  private static long steps(int inputs) {
    return (inputs + INPUTS - 1L) / INPUTS;
  }
}
