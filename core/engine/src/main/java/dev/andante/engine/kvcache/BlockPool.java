package dev.andante.engine.kvcache;

import java.util.Arrays;

/**
 * Ownership of KV blocks by reference count. Free blocks are handed out in the order in which they
 * were freed, least recently used first, so that a later prefix cache finds its blocks intact as
 * long as possible. Not thread-safe.
 */
public final class BlockPool {

  /** Returned by {@link #allocate} when nothing is free. */
  public static final int NONE = -1;

  private final int[] references;
  private final int[] free;
  private int firstFree;
  private int freeCount;

  public BlockPool(int blocks) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a pool has at least 1 block, not " + blocks);
    }
    references = new int[blocks];
    free = new int[blocks];
    Arrays.setAll(free, i -> i);
    freeCount = blocks;
  }

  public int total() {
    return references.length;
  }

  public int free() {
    return freeCount;
  }

  /** A block with one reference, or {@link #NONE}. */
  public int allocate() {
    if (freeCount == 0) {
      return NONE;
    }
    int block = free[firstFree];
    firstFree = next(firstFree);
    freeCount--;
    references[block] = 1;
    return block;
  }

  /** One more owner of an allocated block. */
  public void retain(int block) {
    requireAllocated(block);
    references[block]++;
  }

  /**
   * One owner less; the block is free when it was the last.
   *
   * @throws IllegalStateException if the block is already free
   */
  public void release(int block) {
    requireAllocated(block);
    if (--references[block] == 0) {
      free[(firstFree + freeCount) % free.length] = block;
      freeCount++;
    }
  }

  public int references(int block) {
    return references[block];
  }

  /**
   * Compares the pool with what owners say they hold.
   *
   * @param owned how many owners hold each block
   * @throws IllegalStateException describing the first inconsistency
   */
  public void checkIntegrity(int[] owned) {
    boolean[] seen = new boolean[total()];
    for (int i = 0, at = firstFree; i < freeCount; i++, at = next(at)) {
      int block = free[at];
      if (seen[block]) {
        throw new IllegalStateException("block " + block + " is free twice");
      }
      seen[block] = true;
    }
    for (int block = 0; block < total(); block++) {
      if (references[block] != owned[block]) {
        throw new IllegalStateException(
            "block "
                + block
                + ": "
                + references[block]
                + " references, "
                + owned[block]
                + " owners");
      }
      if (seen[block] == (references[block] > 0)) {
        throw new IllegalStateException(
            "block " + block + (seen[block] ? " is free and owned" : " is neither free nor owned"));
      }
    }
  }

  private int next(int index) {
    return index + 1 == free.length ? 0 : index + 1;
  }

  private void requireAllocated(int block) {
    if (references[block] == 0) {
      throw new IllegalStateException("block " + block + " is not allocated");
    }
  }
}
