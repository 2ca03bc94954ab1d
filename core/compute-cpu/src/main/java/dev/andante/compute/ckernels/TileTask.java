package dev.andante.compute.ckernels;

import dev.andante.compute.ComputePool;
import dev.andante.compute.host.HostMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A product, plain or gated, of rows in tiles, split into blocks of rows and these by pairs of
 * groups of outputs; reused as {@link ProductTask} is. Threads have rows of their own where there
 * are many: then what they compute stays in their second cache. Where there are few, unpacking
 * weights once for each block costs more.
 */
final class TileTask implements ComputePool.Task {

  /** Groups of outputs that share the reading of rows. */
  private static final int PAIR = 2;

  /** Rows of a block at most: they and what comes of them fit into a second cache of 2 MB. */
  private static final int BLOCK_ROWS = 256;

  /** Rows that share the reading of a weight's tiles: blocks begin with whole ones. */
  private static final int ROW_PAIR = 32;

  private static final int TASKS_PER_THREAD = 4;

  /** Multiply-adds that end well within what a critical call may take. */
  private static final long LARGEST_TASK = 400_000_000;

  private @Nullable ThreadLocal<Scratch> scratch;
  private boolean gated;
  private int blocks;
  private int shares;
  private int groups;
  private int rows;
  private MemorySegment weight = MemorySegment.NULL;
  private MemorySegment x = MemorySegment.NULL;
  private MemorySegment out = MemorySegment.NULL;
  private long outAt;
  private long outStride;
  private MemorySegment bias = MemorySegment.NULL;
  private long biasAt;
  private int add;
  private MemorySegment gatedTiles = MemorySegment.NULL;

  /**
   * @param memory of each thread
   * @param tiles the rows, as {@link NarrowingTask} makes them
   * @param first column of out that output 0 goes to, and element of the bias
   */
  void multiply(
      ComputePool pool,
      ThreadLocal<Scratch> memory,
      MemorySegment tiles,
      PackedWeight part,
      MemorySegment offsets,
      int first,
      HostMatrix target,
      boolean toSum) {
    gated = false;
    bias = offsets;
    biasAt = first;
    add = toSum ? 1 : 0;
    to(target, first);
    run(pool, memory, tiles, part, part.groups(), target.rows());
  }

  /**
   * @param of a weight that {@link NativeWeight#isHalved}
   */
  void multiplyGated(
      ComputePool pool,
      ThreadLocal<Scratch> memory,
      MemorySegment tiles,
      NativeWeight of,
      HostMatrix target) {
    gatedTiles = MemorySegment.NULL;
    to(target, 0);
    runGated(pool, memory, tiles, of, target.rows());
  }

  /** As {@link #multiplyGated}, to tiles of what would be there. */
  void multiplyGated(
      ComputePool pool,
      ThreadLocal<Scratch> memory,
      MemorySegment tiles,
      NativeWeight of,
      int rowCount,
      MemorySegment target) {
    gatedTiles = target;
    out = MemorySegment.NULL;
    outAt = 0;
    outStride = 0;
    runGated(pool, memory, tiles, of, rowCount);
  }

  private void runGated(
      ComputePool pool,
      ThreadLocal<Scratch> memory,
      MemorySegment tiles,
      NativeWeight of,
      int rowCount) {
    PackedWeight part = of.parts()[0];
    gated = true;
    bias = of.bias();
    run(pool, memory, tiles, part, part.groups() / 2, rowCount);
  }

  private void to(HostMatrix target, int first) {
    out = target.segment();
    outAt = (long) target.offset(0) + first;
    outStride = target.stride();
  }

  private void run(
      ComputePool pool,
      ThreadLocal<Scratch> memory,
      MemorySegment tiles,
      PackedWeight part,
      int count,
      int rowCount) {
    scratch = memory;
    x = tiles;
    weight = part.struct();
    groups = count;
    rows = rowCount;
    blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    long work = (long) rows * part.outputs() * part.inputs();
    long wanted = Math.max((long) TASKS_PER_THREAD * pool.threads(), work / LARGEST_TASK);
    shares = Math.clamp((wanted + blocks - 1) / blocks, 1, (groups + PAIR - 1) / PAIR);
    pool.run(blocks * shares, this);
  }

  @Override
  public void run(int task) {
    int block = task / shares;
    int from = firstGroup(task % shares);
    int to = firstGroup(task % shares + 1);
    if (from == to) {
      return; // of few groups the last shares are none
    }
    int first = firstRow(block);
    int end = firstRow(block + 1);
    MemorySegment panel =
        Objects.requireNonNull(scratch).get().panel(Tiles.panelBytes(end - first));
    if (gated) {
      Kernels.gatedTiles(
          weight, from, to, x, first, end, bias, out, outAt, outStride, gatedTiles, panel);
    } else {
      Kernels.productTiles(
          weight, from, to, x, first, end, out, outAt, outStride, bias, biasAt, add, panel);
    }
  }

  /**
   * Tasks begin with whole pairs. Each is smaller than the one before, the last the smallest, so
   * that threads end at about the same time.
   */
  private int firstGroup(int share) {
    int pairs = (groups + PAIR - 1) / PAIR;
    long left = (long) shares - share;
    return Math.min(
        groups, PAIR * (pairs - (int) (pairs * left * left / ((long) shares * shares))));
  }

  private int firstRow(int block) {
    int pairs = (rows + ROW_PAIR - 1) / ROW_PAIR;
    return Math.min(rows, ROW_PAIR * GroupShares.first(pairs, block, blocks));
  }
}
