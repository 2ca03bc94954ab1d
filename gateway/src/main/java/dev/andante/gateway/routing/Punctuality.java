package dev.andante.gateway.routing;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.qoe.admission.EarlyRejection;
import dev.andante.qoe.admission.ServiceLimits;
import dev.andante.qoe.admission.Verdict;
import dev.andante.qoe.admission.WorkerLoad;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Refuses a request whose first token would come too late, before anything is spent on it: better
 * an error at once than an answer that nobody waits for. Too late is after {@code factor} times
 * what its reader expects, or what the prompt itself takes if that is longer: none is refused for
 * its length alone, so that asking again is always of use.
 *
 * <p>Only what is known counts: if the worker of the placement has not learnt what its steps take,
 * or its last status is old, the request passes. What waits on the worker is taken to be as much as
 * now when its turn at the gateway comes. Ignored are what prefix caches save, the way of the KV to
 * decode, room that decode may lack, the other answers of a request with several, and how fast
 * tokens follow the first. Any thread.
 */
public final class Punctuality {

  /** So many missed statuses, and nothing is said of the present any more. */
  private static final int STATUSES = 4;

  private static final Duration LEAST_FRESH = Duration.ofSeconds(1);

  /** Nobody can foresee more, and a worker may say anything. */
  private static final double LONGEST_SECONDS = 3600;

  private static final double NO_LIMIT = Double.MAX_VALUE;

  private final boolean on;
  private final double factor;
  private final long freshNanos;
  private final Placer placer;
  private final LongSupplier clock;

  /**
   * @param factor at least 1
   * @param freshFor older statuses are not judged by
   * @param clock as {@link System#nanoTime}
   */
  Punctuality(boolean on, double factor, Duration freshFor, Placer placer, LongSupplier clock) {
    this.on = on;
    this.factor = factor;
    this.freshNanos = freshFor.toNanos();
    this.placer = placer;
    this.clock = clock;
  }

  public static Punctuality of(GatewayProperties properties, Placer placer) {
    Duration statuses = properties.discovery().statusInterval().multipliedBy(STATUSES);
    return new Punctuality(
        properties.admission().rejectWhenLate(),
        properties.admission().lateFactor(),
        statuses.compareTo(LEAST_FRESH) < 0 ? LEAST_FRESH : statuses,
        placer,
        System::nanoTime);
  }

  /**
   * @param promptTokens at least 1
   * @param expectedSeconds when the reader expects the first token
   * @param waitSeconds until it would be its turn at the gateway; asked only if it matters
   * @throws ApiException 429 if it would be late; with the time after which the same request would
   *     be let in if nobody else came, at most an hour
   */
  public void check(
      ServedModel model, int promptTokens, double expectedSeconds, DoubleSupplier waitSeconds) {
    if (!on) {
      return;
    }
    Optional<StepPrediction> prediction =
        placer
            .find(model, promptTokens)
            .map(place -> place.prefill().orElse(place.decode()))
            .filter(this::fresh)
            .flatMap(StepPrediction::of);
    if (prediction.isEmpty()) {
      return;
    }
    double limit = factor * Math.max(expectedSeconds, prediction.get().promptSeconds(promptTokens));
    Verdict verdict =
        judge(prediction.get(), promptTokens, limit, Math.max(0, waitSeconds.getAsDouble()));
    if (verdict instanceof Verdict.Reject reject) {
      throw late(reject, limit);
    }
  }

  private boolean fresh(Worker worker) {
    Worker.Report report = worker.report();
    return report != null && clock.getAsLong() - report.nanos() <= freshNanos;
  }

  /** Only the first token has a limit, so the load need not say who decodes. */
  private static Verdict judge(
      StepPrediction prediction, int promptTokens, double limit, double wait) {
    EarlyRejection rejection =
        new EarlyRejection(
            (tokens, cached) -> prediction.promptSeconds(promptTokens), (batch, context) -> 0);
    double queue = wait + prediction.queueSeconds(promptTokens);
    return rejection.judge(
        new WorkerLoad(queue, List.of(), List.of(), 0, 1),
        new ServiceLimits(limit, NO_LIMIT),
        promptTokens,
        0);
  }

  private static ApiException late(Verdict.Reject reject, double limit) {
    double ttft = reject.forecast().ttftSeconds();
    double seconds = Math.min(reject.retryAfterSeconds().orElse(ttft), LONGEST_SECONDS);
    return ApiException.saturated(
        DropReason.PREDICTED_LATE,
        Duration.ofSeconds((long) Math.ceil(seconds)),
        String.format(
            Locale.ROOT,
            "The first token would come after about %.1f s, later than the %.1f s that its reader"
                + " would wait; try again after the time in Retry-After.",
            ttft,
            limit));
  }
}
