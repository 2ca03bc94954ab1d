package dev.andante.gateway.pipeline;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.routing.CallBudget;
import dev.andante.gateway.routing.Lateness;
import dev.andante.gateway.routing.PathEstimates;
import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Placer;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.gateway.routing.Tried;
import dev.andante.gateway.routing.Wanted;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * When a second prefill worker is asked for a prompt, and which one. After Dean and Barroso, "The
 * Tail at Scale" (2013): only once the first one has taken longer than nearly all do, and only for
 * few of them, so that it adds little load; here beside what each was predicted to take, since
 * prompts differ by a thousand times. For all answers of a gateway; any thread.
 */
final class Hedging {

  /** Hedges at once, after a long time without. */
  private static final int MOST_SAVED = 5;

  /** Seconds; no request may take so long. */
  private static final double LONGEST = 1e6;

  private final GatewayProperties.Hedging limits;
  private final Placer placer;
  private final Map<String, Lateness> lateness = new ConcurrentHashMap<>(); // by model
  private final CallBudget budget;

  /**
   * @param clock as {@link System#nanoTime}
   */
  Hedging(GatewayProperties.Hedging limits, Placer placer, LongSupplier clock) {
    this.limits = limits;
    this.placer = placer;
    this.budget = new CallBudget(limits.share(), 0, MOST_SAVED, 0, clock);
  }

  /**
   * A prompt goes to prefill.
   *
   * @return how long it may take there before it is late; empty if that is not known
   */
  Optional<Duration> patience(ServedModel model, Placement place) {
    if (limits.share() == 0) {
      return Optional.empty();
    }
    budget.earn();
    OptionalDouble factor = lateness(model).factor(limits.quantile());
    return factor.isEmpty()
        ? Optional.empty()
        : place.estimates().map(by -> longest(by.prefillSeconds() * factor.getAsDouble()));
  }

  private Duration longest(double seconds) {
    Duration late = Duration.ofNanos(Math.round(Math.min(seconds, LONGEST) * 1e9));
    return late.compareTo(limits.leastWait()) < 0 ? limits.leastWait() : late;
  }

  /**
   * Another prefill worker that would be done with it in as long as it has waited by now; none if
   * enough prompts have had one lately.
   */
  Optional<Placement> second(
      ServedModel model, Wanted prompt, Placement late, Tried tried, double waitedSeconds) {
    return budget.hasSome()
        ? placer.besides(model, prompt, late, tried, waitedSeconds).filter(_ -> budget.spend())
        : Optional.empty();
  }

  /** So long it took there; or it had taken so long when another one was done with it. */
  void took(ServedModel model, Placement place, double seconds) {
    place
        .estimates()
        .map(PathEstimates::prefillSeconds)
        .ifPresent(predicted -> lateness(model).took(predicted, seconds));
  }

  private Lateness lateness(ServedModel model) {
    return lateness.computeIfAbsent(model.name(), _ -> new Lateness());
  }
}
