package dev.andante.benchmarks.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** What few samples say; milliseconds of nanoseconds. */
final class Samples {

  private static final double MILLI = 1e6;

  private final long[] sorted;

  Samples(LongStream nanos) {
    sorted = nanos.sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no samples");
    }
  }

  double mean() {
    return Arrays.stream(sorted).average().orElseThrow() / MILLI;
  }

  /** The smallest sample that {@code share} of all do not exceed. */
  double quantile(double share) {
    int rank = (int) Math.ceil(share * sorted.length);
    return sorted[Math.clamp(rank - 1L, 0, sorted.length - 1)] / MILLI;
  }

  static double median(List<Double> values) {
    double[] all = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = all.length / 2;
    return all.length % 2 == 1 ? all[middle] : (all[middle - 1] + all[middle]) / 2;
  }
}
