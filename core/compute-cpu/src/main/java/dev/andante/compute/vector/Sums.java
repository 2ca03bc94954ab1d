package dev.andante.compute.vector;

import dev.andante.compute.host.HostMatrix;
import org.jspecify.annotations.Nullable;

/**
 * Where products go: {@code out = dot + bias}, or {@code out += dot + bias}.
 *
 * @param first column of out that output 0 goes to
 */
record Sums(HostMatrix out, int first, float @Nullable [] bias, boolean add) {

  /** Stores {@code dots[at …]} as outputs {@code [from, to)} of a row. */
  void store(int row, int from, int to, float[] dots, int at) {
    float[] target = out.data();
    int column = first + from;
    int start = out.offset(row) + column;
    int n = to - from;
    float[] offsets = bias;
    if (offsets != null) {
      for (int i = 0; i < n; i++) {
        dots[at + i] += offsets[column + i];
      }
    }
    if (add) {
      for (int i = 0; i < n; i++) {
        target[start + i] += dots[at + i];
      }
    } else {
      System.arraycopy(dots, at, target, start, n);
    }
  }
}
