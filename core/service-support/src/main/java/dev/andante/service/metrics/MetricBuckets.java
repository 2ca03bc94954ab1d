package dev.andante.service.metrics;

import java.time.Duration;
import java.util.Arrays;

/**
 * Histogram bounds in seconds that dashboards made for vLLM expect; copies, so that a caller cannot
 * change them.
 */
public final class MetricBuckets {

  private MetricBuckets() {}

  public static double[] timeToFirstToken() {
    return new double[] {
      .001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160,
      640, 2560
    };
  }

  public static double[] perToken() {
    return new double[] {
      .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80
    };
  }

  public static double[] endToEnd() {
    return new double[] {
      .3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680
    };
  }

  /**
   * Bounds in seconds for a Micrometer timer. Times need one: a DistributionSummary rounds values
   * up to whole numbers before it looks for their bucket.
   */
  public static Duration[] durations(double... seconds) {
    return Arrays.stream(seconds)
        .mapToObj(bound -> Duration.ofNanos(Math.round(bound * 1e9)))
        .toArray(Duration[]::new);
  }

  /** Token counts: 1, 2, 5, 10, … up to {@code max}. */
  public static double[] tokens(int max) {
    double[] bounds = new double[64];
    int n = 0;
    for (double decade = 1; decade <= max; decade *= 10) {
      for (double step : new double[] {1, 2, 5}) {
        if (decade * step <= max) {
          bounds[n++] = decade * step;
        }
      }
    }
    return Arrays.copyOf(bounds, n);
  }
}
