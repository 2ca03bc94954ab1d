package dev.andante.engine.kvcache;

import java.util.Arrays;

/**
 * Gives up what was used least recently. The blocks of one sequence come back last one first, so a
 * prefix outlives what continues it. All operations take constant time.
 */
public final class LeastRecentlyUsed implements EvictionPolicy {

  private static final int ABSENT = -1;

  /** Doubly linked rings; the last index is the ring's head. */
  private final int[] next;

  private final int[] previous;
  private final int head;
  private int size;

  public LeastRecentlyUsed(int blocks) {
    head = blocks;
    next = new int[blocks + 1];
    previous = new int[blocks + 1];
    Arrays.fill(next, ABSENT);
    next[head] = head;
    previous[head] = head;
  }

  @Override
  public void add(int block) {
    if (contains(block)) {
      throw new IllegalStateException("block " + block + " is there already");
    }
    int last = previous[head];
    next[last] = block;
    previous[block] = last;
    next[block] = head;
    previous[head] = block;
    size++;
  }

  @Override
  public void remove(int block) {
    if (!contains(block)) {
      throw new IllegalStateException("block " + block + " is not there");
    }
    next[previous[block]] = next[block];
    previous[next[block]] = previous[block];
    next[block] = ABSENT;
    size--;
  }

  @Override
  public int evict() {
    int block = next[head];
    if (block == head) {
      throw new IllegalStateException("nothing to give up");
    }
    remove(block);
    return block;
  }

  @Override
  public boolean contains(int block) {
    return next[block] != ABSENT;
  }

  @Override
  public int size() {
    return size;
  }
}
