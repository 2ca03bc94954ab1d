package dev.andante.benchmarks.load.measure;

import java.util.Arrays;

/** When how many tokens of one answer came. Not thread-safe. */
final class Deliveries {

  private long[] atNanos = new long[16];
  private int[] tokens = new int[16];
  private int size;

  void add(long nowNanos, int count) {
    if (size == atNanos.length) {
      atNanos = Arrays.copyOf(atNanos, 2 * size);
      tokens = Arrays.copyOf(tokens, 2 * size);
    }
    atNanos[size] = nowNanos;
    tokens[size++] = count;
  }

  int size() {
    return size;
  }

  long atNanos(int index) {
    return atNanos[index];
  }

  int tokens(int index) {
    return tokens[index];
  }
}
