package dev.andante.gateway.qoe;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.config.PacingPolicy;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.PacingWish;
import dev.andante.qoe.QoeSpec;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleConsumer;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * Hands streamed answers out no faster than they are read. Tokens beyond that wait here, at most
 * those of the answer; the first never does. Any thread; no thread and no lock per stream.
 */
final class Pacing {

  private final PacingPolicy policy;
  private final Map<String, PacingPolicy> models;
  private final long limitNanos;
  private final Scheduler scheduler;
  private final LongSupplier clock;
  private final BooleanSupplier draining;

  /**
   * @param limit how long a response may take: what is left then goes out at once
   * @param scheduler shared by all streams
   * @param clock as {@link System#nanoTime}
   * @param draining whether nothing must wait any more
   */
  Pacing(
      GatewayProperties.Qoe properties,
      Duration limit,
      Scheduler scheduler,
      LongSupplier clock,
      BooleanSupplier draining) {
    this.policy = properties.pacing();
    this.models =
        properties.models().stream()
            .filter(model -> model.pacing() != null)
            .collect(
                Collectors.toUnmodifiableMap(
                    GatewayProperties.QoeModel::name, GatewayProperties.QoeModel::pacing));
    this.limitNanos = limit.toNanos();
    this.scheduler = scheduler;
    this.clock = clock;
    this.draining = draining;
  }

  /** Whether a streamed response is paced. */
  public boolean paces(String model, PacingWish wish) {
    return switch (models.getOrDefault(model, policy)) {
      case REQUESTED -> wish == PacingWish.ON;
      case ALL -> wish != PacingWish.OFF;
      case OFF -> false;
    };
  }

  /**
   * The answers in the same order, each at its reader's pace. Its time begins when this is called.
   *
   * @param expectations by the tokens of the prompt
   * @param slack hears of each answer that was handed out whole how much of its text waited at
   *     most, in seconds of reading
   */
  public Flux<Answer> pace(
      Flux<Answer> answers, IntFunction<QoeSpec> expectations, DoubleConsumer slack) {
    return PacedStream.of(answers, new Response(clock.getAsLong(), expectations, slack), scheduler);
  }

  /** What a stream needs to know of its response and of the gateway. */
  final class Response {

    private final long submittedNanos;
    private final IntFunction<QoeSpec> expectations;
    private final DoubleConsumer slack;

    private Response(long submittedNanos, IntFunction<QoeSpec> expectations, DoubleConsumer slack) {
      this.submittedNanos = submittedNanos;
      this.expectations = expectations;
      this.slack = slack;
    }

    long now() {
      return clock.getAsLong();
    }

    PacedAnswer begin(Answer.Start start) {
      return new PacedAnswer(expectations.apply(start.prompt().length), submittedNanos);
    }

    boolean hurries(long now) {
      return now - submittedNanos >= limitNanos || draining.getAsBoolean();
    }

    void ended(PacedAnswer answer) {
      slack.accept(answer.greatestSlackSeconds());
    }
  }
}
