package dev.andante.engine.kvcache;

import java.util.Arrays;

/**
 * The blocks of one sequence in order: block i holds tokens {@code [i * blockSize, (i + 1) *
 * blockSize)}. Only grows, until {@link #releaseAll}. Not thread-safe.
 */
public final class BlockTable {

  private final BlockPool pool;
  private final int blockSize;
  private int[] blocks = new int[8];
  private int size;

  public BlockTable(BlockPool pool, int blockSize) {
    this.pool = pool;
    this.blockSize = blockSize;
  }

  public int size() {
    return size;
  }

  public int block(int index) {
    return blocks[index];
  }

  /** Tokens that fit without another block. */
  public int capacity() {
    return size * blockSize;
  }

  /** Blocks still to be allocated before {@code tokens} tokens fit. */
  public int missingFor(int tokens) {
    return Math.max(0, (tokens + blockSize - 1) / blockSize - size);
  }

  /** Makes room for {@code tokens} tokens in all; false, and nothing changed, if it cannot. */
  public boolean ensure(int tokens) {
    int missing = missingFor(tokens);
    if (missing > pool.free()) {
      return false;
    }
    if (size + missing > blocks.length) {
      blocks = Arrays.copyOf(blocks, Math.max(size + missing, blocks.length * 2));
    }
    for (int i = 0; i < missing; i++) {
      blocks[size++] = pool.allocate();
    }
    return true;
  }

  /** Gives every block back. */
  public void releaseAll() {
    while (size > 0) {
      pool.release(blocks[--size]);
    }
  }

  /** Adds one to the count of each block held. */
  public void countInto(int[] owned) {
    for (int i = 0; i < size; i++) {
      owned[blocks[i]]++;
    }
  }

  /**
   * The table as {@link dev.andante.compute.Batch} wants it; at least {@link #size} long, not
   * copied, valid until the table changes.
   */
  public int[] array() {
    return blocks;
  }
}
