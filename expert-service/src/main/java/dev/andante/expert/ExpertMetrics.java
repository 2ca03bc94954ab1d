package dev.andante.expert;

import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** What the expert role counts. */
final class ExpertMetrics {

  private final Timer seconds;
  private final Counter rows;
  private final Counter refused;

  ExpertMetrics(MeterRegistry registry) {
    seconds =
        Timer.builder("andante_expert_compute")
            .description("Time to compute one batch of one layer")
            .serviceLevelObjectives(
                MetricBuckets.durations(
                    .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, 1))
            .register(registry);
    rows =
        Counter.builder("andante_expert_rows")
            .description("Rows computed, each once per expert it visits")
            .register(registry);
    refused =
        Counter.builder("andante_expert_batches_refused")
            .description("Batches that did not fit this shard")
            .register(registry);
  }

  void computed(ExpertBatch batch, ExpertResult result, long nanos) {
    if (!result.getError().isEmpty()) {
      refused.increment();
      return;
    }
    seconds.record(Duration.ofNanos(nanos));
    rows.increment(batch.getRowsList().stream().mapToInt(Integer::intValue).sum());
  }
}
