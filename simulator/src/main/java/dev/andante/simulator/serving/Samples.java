package dev.andante.simulator.serving;

import java.util.Arrays;

/** Numbers, and the values below which a share of them lies. */
public final class Samples {

  private double[] values = new double[1024];
  private int size;
  private boolean sorted = true;

  void add(double value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, 2 * size);
    }
    values[size++] = value;
    sorted = false;
  }

  public int size() {
    return size;
  }

  /**
   * The least value that at least this share does not exceed; 0 if there are none.
   *
   * @param share above 0, at most 1
   */
  public double percentile(double share) {
    if (size == 0) {
      return 0;
    }
    if (!sorted) {
      Arrays.sort(values, 0, size);
      sorted = true;
    }
    return values[Math.max(0, (int) Math.ceil(share * size) - 1)];
  }

  /** 0 if there are none. */
  public double mean() {
    return Arrays.stream(values, 0, size).average().orElse(0);
  }
}
