package dev.andante.host.metrics;

import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

/**
 * Registers meters that have the same tags.
 *
 * @param tags of every meter
 */
record Meters(MeterRegistry registry, Tags tags) {

  /**
   * @param more tags of this one alone, names and values in turn
   */
  Counter counter(String name, String help, String... more) {
    return Counter.builder(name).description(help).tags(tags).tags(more).register(registry);
  }

  /** A summary would round seconds up to whole ones before it looks for their bucket. */
  Timer timer(String name, String help, double[] seconds) {
    return Timer.builder(name)
        .description(help)
        .tags(tags)
        .serviceLevelObjectives(MetricBuckets.durations(seconds))
        .register(registry);
  }

  DistributionSummary histogram(String name, String help, double[] bounds) {
    return DistributionSummary.builder(name)
        .description(help)
        .tags(tags)
        .serviceLevelObjectives(bounds)
        .register(registry);
  }
}
