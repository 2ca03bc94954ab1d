package dev.andante.gateway.routing;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.qoe.QoeSpec;
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
import java.util.function.Supplier;

/**
 * Refuses a request whose first token would come too late, or whose tokens would follow one another
 * too slowly, before anything is spent on it: better an error at once than an answer that nobody
 * waits for. Too late is after {@code factor} times what its reader expects, or what the prompt
 * itself takes if that is longer; too slow is more slowly than its reader reads, or than an idle
 * worker is, if that is slower: nobody is refused for the length of a prompt or the pace alone, so
 * that asking again is always of use.
 *
 * <p>Only what is known counts: if the worker of the placement has not learnt what its steps take,
 * or its last status is old, the request passes; so it does, as for the time between tokens, if
 * this gateway has not seen how long answers stay there. What waits on the worker is taken to be as
 * much as now when its turn at the gateway comes, and what its prefix cache has of the prompt to be
 * there still. Ignored are the way of the KV to decode, room that decode may lack, what prompts
 * that decode computes itself delay, and the other answers of a request with several. Any thread.
 */
public final class Punctuality {

  /** So many missed statuses, and nothing is said of the present any more. */
  private static final int STATUSES = 4;

  private static final Duration LEAST_FRESH = Duration.ofSeconds(1);

  /** Nobody can foresee more, and a worker may say anything. */
  private static final double LONGEST_SECONDS = 3600;

  private static final double NO_LIMIT = Double.MAX_VALUE;

  /** Sums of durations are not exact: what an idle worker takes must be within the limit. */
  private static final double ROUNDING = 1 + 1e-9;

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
   * @param prompt of at least one token; asked for only if it matters
   * @param expected what the reader expects
   * @param streamed whether the reader reads while tokens come; of a whole answer only the first
   *     token is judged
   * @param waitSeconds until it would be its turn at the gateway; asked only if it matters
   * @throws ApiException 429 if it would be late or slow; with the time after which the same
   *     request would be let in if nobody else came, at most an hour
   */
  public void check(
      ServedModel model,
      Supplier<Wanted> prompt,
      QoeSpec expected,
      boolean streamed,
      DoubleSupplier waitSeconds) {
    if (!on) {
      return;
    }
    Wanted wanted = prompt.get();
    Optional<Placement> place = placer.find(model, wanted);
    Optional<Worker> computes = place.map(where -> where.prefill().orElse(where.decode()));
    Optional<StepPrediction> first = computes.filter(this::fresh).flatMap(StepPrediction::of);
    if (place.isEmpty() || first.isEmpty()) {
      return;
    }
    int promptTokens = wanted.tokens();
    int cached = Math.min(wanted.cached(computes.get()), promptTokens - 1);
    Optional<DecodeOutlook> outlook =
        streamed && fresh(place.get().decode())
            ? DecodeOutlook.of(
                place.get().decode(), place.get().prefill().isPresent() ? placer.joining(model) : 0)
            : Optional.empty();
    ServiceLimits limits =
        new ServiceLimits(
            factor
                * Math.max(expected.ttftSeconds(), first.get().promptSeconds(promptTokens, cached)),
            outlook
                .map(
                    then ->
                        Math.max(
                            1 / expected.tokensPerSecond(),
                            then.tokenSeconds(1, promptTokens) * ROUNDING))
                .orElse(NO_LIMIT));
    double queue = Math.max(0, waitSeconds.getAsDouble()) + first.get().queueSeconds(promptTokens);
    EarlyRejection rejection =
        new EarlyRejection(
            (_, _) -> first.get().promptSeconds(promptTokens, cached),
            (batch, context) -> outlook.map(then -> then.tokenSeconds(batch, context)).orElse(0.0));
    if (rejection.judge(load(outlook, queue), limits, promptTokens, cached)
        instanceof Verdict.Reject reject) {
      throw refusal(reject, limits);
    }
  }

  private boolean fresh(Worker worker) {
    Worker.Report report = worker.report();
    return report != null && clock.getAsLong() - report.nanos() <= freshNanos;
  }

  private static WorkerLoad load(Optional<DecodeOutlook> outlook, double queue) {
    return outlook
        .map(then -> then.load(queue))
        .orElseGet(() -> new WorkerLoad(queue, List.of(), List.of(), 0, 1));
  }

  private static ApiException refusal(Verdict.Reject reject, ServiceLimits limits) {
    double ttft = reject.forecast().ttftSeconds();
    double seconds = Math.min(reject.retryAfterSeconds().orElse(ttft), LONGEST_SECONDS);
    Duration retryAfter = Duration.ofSeconds((long) Math.max(1, Math.ceil(seconds)));
    return switch (reject.limit()) {
      case TTFT ->
          ApiException.saturated(
              DropReason.PREDICTED_LATE,
              retryAfter,
              String.format(
                  Locale.ROOT,
                  "The first token would come after about %.1f s, later than the %.1f s that its"
                      + " reader would wait; try again after the time in Retry-After.",
                  ttft,
                  limits.ttftSeconds()));
      case TBT ->
          ApiException.saturated(
              DropReason.PREDICTED_SLOW,
              retryAfter,
              String.format(
                  Locale.ROOT,
                  "A token would come about every %.0f ms, and its reader reads one every %.0f ms;"
                      + " try again after the time in Retry-After.",
                  1e3 * reject.forecast().tbtSeconds(),
                  1e3 * limits.tbtSeconds()));
    };
  }
}
