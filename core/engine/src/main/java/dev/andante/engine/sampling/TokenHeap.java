package dev.andante.engine.sampling;

/**
 * Takes token ids in descending order of their logits, lower ids first on a tie, without sorting
 * those that are never asked for: O(n) to build, O(log n) per id taken.
 */
final class TokenHeap {

  private final int[] heap;
  private float[] logits = new float[0];
  private int size;

  TokenHeap(int vocabulary) {
    heap = new int[vocabulary];
  }

  void clear(float[] byLogit) {
    logits = byLogit;
    size = 0;
  }

  /** Adds an id; {@link #order} must follow before the first {@link #take}. */
  void add(int id) {
    heap[size++] = id;
  }

  int size() {
    return size;
  }

  void order() {
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i);
    }
  }

  int take() {
    int top = heap[0];
    heap[0] = heap[--size];
    sink(0);
    return top;
  }

  private void sink(int from) {
    int at = from;
    int id = heap[at];
    while (true) {
      int child = 2 * at + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && before(heap[child + 1], heap[child])) {
        child++;
      }
      if (!before(heap[child], id)) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = id;
  }

  private boolean before(int a, int b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  }
}
