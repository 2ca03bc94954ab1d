package dev.andante.engine.kvcache;

import java.util.Arrays;

/**
 * Blocks in order of rank, those of equal rank in order of time: a binary heap that knows where
 * each block stands. Rank and time of a block may be set whether it is in or not. Every operation
 * on one block takes logarithmic time.
 */
final class BlockHeap {

  private static final int ABSENT = -1;

  private final double[] rank;
  private final long[] time;
  private final int[] heap;
  private final int[] position;
  private int size;

  BlockHeap(int blocks) {
    rank = new double[blocks];
    time = new long[blocks];
    heap = new int[blocks];
    position = new int[blocks];
    Arrays.fill(position, ABSENT);
  }

  int size() {
    return size;
  }

  boolean contains(int block) {
    return position[block] != ABSENT;
  }

  double rank(int block) {
    return rank[block];
  }

  void rank(int block, double value) {
    rank[block] = value;
    moved(block);
  }

  void time(int block, long value) {
    time[block] = value;
    moved(block);
  }

  void add(int block) {
    if (contains(block)) {
      throw new IllegalStateException("block " + block + " is there already");
    }
    heap[size] = block;
    position[block] = size;
    up(size++);
  }

  void remove(int block) {
    if (!contains(block)) {
      throw new IllegalStateException("block " + block + " is not there");
    }
    int hole = position[block];
    position[block] = ABSENT;
    int last = heap[--size];
    if (last != block) {
      heap[hole] = last;
      position[last] = hole;
      moved(last);
    }
  }

  /** The block of lowest rank and, of those, of the earliest time, which is out then. */
  int poll() {
    if (size == 0) {
      throw new IllegalStateException("nothing to give up");
    }
    int first = heap[0];
    remove(first);
    return first;
  }

  private void moved(int block) {
    if (contains(block)) {
      up(position[block]);
      down(position[block]);
    }
  }

  private void up(int start) {
    int at = start;
    while (at > 0 && before(heap[at], heap[(at - 1) / 2])) {
      swap(at, (at - 1) / 2);
      at = (at - 1) / 2;
    }
  }

  private void down(int start) {
    int at = start;
    while (true) {
      int child = 2 * at + 1;
      if (child + 1 < size && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (child >= size || !before(heap[child], heap[at])) {
        return;
      }
      swap(at, child);
      at = child;
    }
  }

  private boolean before(int a, int b) {
    int order = Double.compare(rank[a], rank[b]);
    return order != 0 ? order < 0 : time[a] < time[b];
  }

  private void swap(int i, int j) {
    int block = heap[i];
    heap[i] = heap[j];
    heap[j] = block;
    position[heap[i]] = i;
    position[heap[j]] = j;
  }
}
