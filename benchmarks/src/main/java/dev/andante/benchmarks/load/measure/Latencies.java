package dev.andante.benchmarks.load.measure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A distribution of durations, exact to 0.1 %, from 1 µs to an hour; longer ones count as that. */
public final class Latencies {

  private static final long LONGEST_MICROS = 3_600_000_000L;
  private static final double MILLI = 1e3;

  private final Histogram histogram = new Histogram(LONGEST_MICROS, 3);

  void add(long nanos) {
    histogram.recordValue(Math.clamp(nanos / 1000, 0, LONGEST_MICROS));
  }

  public boolean isEmpty() {
    return histogram.getTotalCount() == 0;
  }

  /** Milliseconds. */
  public double percentile(double percentile) {
    return histogram.getValueAtPercentile(percentile) / MILLI;
  }

  /** Mean, percentiles and maximum in milliseconds; only the count if there is nothing. */
  public Map<String, Object> describe() {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("count", histogram.getTotalCount());
    if (!isEmpty()) {
      about.put("mean", histogram.getMean() / MILLI);
      about.put("p50", percentile(50));
      about.put("p90", percentile(90));
      about.put("p95", percentile(95));
      about.put("p99", percentile(99));
      about.put("p999", percentile(99.9));
      about.put("max", histogram.getMaxValue() / MILLI);
    }
    return about;
  }

  /** Points of the cumulative distribution: milliseconds and the share that took at most that. */
  public List<double[]> cumulative() {
    List<double[]> points = new ArrayList<>();
    double total = histogram.getTotalCount();
    for (var step : histogram.recordedValues()) {
      points.add(
          new double[] {
            Math.max(step.getValueIteratedTo(), 1) / MILLI, step.getTotalCountToThisValue() / total
          });
    }
    return points;
  }
}
