package dev.andante.host.metrics;

import dev.andante.service.metrics.MetricBuckets;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/** How long an engine waits for those it asks during a step. */
public final class LegMetrics {

  private static final double[] SECONDS = {
    .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10
  };

  private LegMetrics() {}

  /** {@code andante_expert_dispatch_seconds}: the experts of one layer, elsewhere. */
  public static LongConsumer expertDispatch(MeterRegistry registry, String model, String engine) {
    return timer(
        registry,
        "andante_expert_dispatch_seconds",
        "From the first row sent to expert services to the last one back, per layer and step",
        model,
        engine);
  }

  /** {@code andante_draft_round_trip_seconds}: one message to a draft service and its answer. */
  public static LongConsumer draftRoundTrip(MeterRegistry registry, String model, String engine) {
    return timer(
        registry,
        "andante_draft_round_trip_seconds",
        "From a message to the draft service to its answer",
        model,
        engine);
  }

  private static LongConsumer timer(
      MeterRegistry registry, String name, String help, String model, String engine) {
    Timer timer =
        Timer.builder(name)
            .description(help)
            .tags(Tags.of("model_name", model, "engine", engine))
            .serviceLevelObjectives(MetricBuckets.durations(SECONDS))
            .register(registry);
    return nanos -> timer.record(nanos, TimeUnit.NANOSECONDS);
  }
}
