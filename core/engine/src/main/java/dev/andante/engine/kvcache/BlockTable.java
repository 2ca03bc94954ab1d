package dev.andante.engine.kvcache;

import java.util.Arrays;

/**
 * The blocks of one sequence in order: block i holds tokens {@code [i * blockSize, (i + 1) *
 * blockSize)}. Only grows, until {@link #releaseAll}. The first ones may be shared with other
 * sequences and are read only then; {@link PrefixCache} sees to that. Not thread-safe.
 */
public final class BlockTable {

  private final BlockPool pool;
  private final int blockSize;
  private final SequenceKeys keys = new SequenceKeys();
  private int[] blocks = new int[8];
  private int size;
  private int published;
  private int loaded;
  private boolean foreign;

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
    reserve(size + missing);
    for (int i = 0; i < missing; i++) {
      blocks[size++] = pool.allocate();
    }
    return true;
  }

  /** Appends a block that others may hold too. */
  void adopt(int block) {
    reserve(size + 1);
    pool.retain(block);
    blocks[size++] = block;
  }

  /** Gives every block back, the last one first. */
  public void releaseAll() {
    while (size > 0) {
      pool.release(blocks[--size]);
    }
    published = 0;
    loaded = 0;
    foreign = false;
  }

  /** The content comes from other kernels, until {@link #releaseAll}. */
  public void contentIsForeign() {
    foreign = true;
  }

  /** Whether the content comes from other kernels. */
  public boolean isForeign() {
    return foreign;
  }

  /** Leading blocks that have been made known. */
  int published() {
    return published;
  }

  void published(int count) {
    published = count;
  }

  /** Blocks whose content came from a tier below the pool. */
  public int loaded() {
    return loaded;
  }

  void loaded(int count) {
    loaded = count;
  }

  SequenceKeys keys() {
    return keys;
  }

  /** Adds one to the count of each block held. */
  public void countInto(int[] owned) {
    for (int i = 0; i < size; i++) {
      owned[blocks[i]]++;
    }
  }

  private void reserve(int capacity) {
    if (capacity > blocks.length) {
      blocks = Arrays.copyOf(blocks, Math.max(capacity, blocks.length * 2));
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
