package dev.andante.service.metrics;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Histogram;

/**
 * A histogram of shares, 0 to 1. Micrometer's own rounds values up to whole numbers before it looks
 * for their bucket. Any thread.
 */
public final class ShareHistogram {

  private static final double[] BOUNDS = {
    0, .1, .2, .3, .4, .5, .6, .7, .8, .85, .9, .95, .98, .99, 1
  };

  private final Histogram histogram;

  /** Registers it; once per registry and name. */
  ShareHistogram(PrometheusMeterRegistry registry, String name, String help, String... labelNames) {
    this.histogram =
        Histogram.builder()
            .name(name)
            .help(help)
            .labelNames(labelNames)
            .classicOnly()
            .classicUpperBounds(BOUNDS)
            .withoutExemplars()
            .register(registry.getPrometheusRegistry());
  }

  /**
   * @param labels as many as it has names
   */
  public void record(double share, String... labels) {
    histogram.labelValues(labels).observe(share);
  }
}
