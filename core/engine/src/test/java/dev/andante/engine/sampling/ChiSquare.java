package dev.andante.engine.sampling;

/** Pearson's statistic. */
final class ChiSquare {

  private ChiSquare() {}

  /** Infinite if something impossible was observed. */
  static double statistic(int[] observed, double[] law) {
    long n = 0;
    for (int count : observed) {
      n += count;
    }
    double sum = 0;
    for (int i = 0; i < observed.length; i++) {
      double expected = n * law[i];
      if (expected == 0) {
        if (observed[i] > 0) {
          return Double.POSITIVE_INFINITY;
        }
        continue;
      }
      sum += (observed[i] - expected) * (observed[i] - expected) / expected;
    }
    return sum;
  }
}
