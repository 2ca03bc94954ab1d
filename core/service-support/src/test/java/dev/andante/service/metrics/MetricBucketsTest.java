package dev.andante.service.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MetricBucketsTest {

  @Test
  void boundsAscend() {
    assertThat(MetricBuckets.timeToFirstToken()).isSorted().hasSize(22).startsWith(.001);
    assertThat(MetricBuckets.perToken()).isSorted().hasSize(19).startsWith(.01);
    assertThat(MetricBuckets.endToEnd()).isSorted().hasSize(21).endsWith(7680);
  }

  @Test
  void tokensGoUpToTheMaximum() {
    assertThat(MetricBuckets.tokens(100)).containsExactly(1, 2, 5, 10, 20, 50, 100);
    assertThat(MetricBuckets.tokens(99)).containsExactly(1, 2, 5, 10, 20, 50);
    assertThat(MetricBuckets.tokens(1)).containsExactly(1);
  }

  @Test
  void callersGetCopies() {
    MetricBuckets.perToken()[0] = 7;
    assertThat(MetricBuckets.perToken()[0]).isEqualTo(.01);
  }
}
