package dev.andante.engine.speculative;

import java.util.Arrays;

/**
 * Where the n-grams of one length continue: an open-addressing map keyed by the tokens themselves.
 */
final class NgramIndex {

  private static final int EMPTY = -1;

  private final int n;
  private final boolean keepFirst;
  private int[] continuations = new int[64];
  private int size;

  /**
   * @param keepFirst whether the left-most occurrence stays, rather than the most recent one
   */
  NgramIndex(int n, boolean keepFirst) {
    this.n = n;
    this.keepFirst = keepFirst;
    Arrays.fill(continuations, EMPTY);
  }

  /** Records that the n-gram before {@code end} continues at {@code end}. */
  void add(int[] tokens, int end) {
    if (end < n) {
      return;
    }
    if (size * 2 >= continuations.length) {
      grow(tokens);
    }
    int at = find(tokens, end, continuations);
    if (continuations[at] == EMPTY) {
      size++;
    } else if (keepFirst) {
      return;
    }
    continuations[at] = end;
  }

  /** Position after an earlier occurrence of the n-gram before {@code end}, or -1. */
  int lookup(int[] tokens, int end) {
    return end < n ? EMPTY : continuations[find(tokens, end, continuations)];
  }

  private int find(int[] tokens, int end, int[] table) {
    int mask = table.length - 1;
    int hash = 0;
    for (int i = end - n; i < end; i++) {
      hash = (hash ^ tokens[i]) * 0x9E3779B9;
      hash ^= hash >>> 15;
    }
    int at = hash & mask;
    while (table[at] != EMPTY
        && !Arrays.equals(tokens, end - n, end, tokens, table[at] - n, table[at])) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private void grow(int[] tokens) {
    int[] larger = new int[continuations.length * 2];
    Arrays.fill(larger, EMPTY);
    for (int continuation : continuations) {
      if (continuation != EMPTY) {
        larger[find(tokens, continuation, larger)] = continuation;
      }
    }
    continuations = larger;
  }
}
