package dev.andante.service.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.http.OperationsEndpoints;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.Test;

class ShareHistogramTest {

  @Test
  void sharesFindTheirBuckets() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    ShareHistograms histograms = new ShareHistograms(registry);
    ShareHistogram histogram = histograms.of("some_share", "A share", "kind");
    for (double share : new double[] {0, 0.05, 0.94, 0.95, 1}) {
      histogram.record(share, "a");
    }
    assertThat(histograms.of("some_share", "A share", "kind")).isSameAs(histogram);
    histogram.record(0.5, "b");
    assertThat(OperationsEndpoints.text(registry))
        .contains("some_share_bucket{kind=\"a\",le=\"0.0\"} 1\n")
        .contains("some_share_bucket{kind=\"a\",le=\"0.1\"} 2\n")
        .contains("some_share_bucket{kind=\"a\",le=\"0.9\"} 2\n")
        .contains("some_share_bucket{kind=\"a\",le=\"0.95\"} 4\n")
        .contains("some_share_bucket{kind=\"a\",le=\"1.0\"} 5\n")
        .contains("some_share_count{kind=\"a\"} 5\n")
        .contains("some_share_sum{kind=\"b\"} 0.5\n");
  }
}
