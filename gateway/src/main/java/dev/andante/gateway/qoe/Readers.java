package dev.andante.gateway.qoe;

import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerRequest;
import dev.andante.gateway.pipeline.Extensions;
import dev.andante.qoe.QoeSpec;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/** Watches and paces the streamed responses of a gateway, as it is set. Any thread. */
public final class Readers {

  private final Expectations expectations;
  private final Pacing pacing;
  private final GatewayMetrics metrics;
  private final LongSupplier clock;

  /**
   * @param scheduler shared by all paced streams
   * @param clock as {@link System#nanoTime}
   * @param draining whether nothing must wait for its reader any more
   */
  public Readers(
      GatewayProperties properties,
      GatewayMetrics metrics,
      Scheduler scheduler,
      LongSupplier clock,
      BooleanSupplier draining) {
    this.expectations = new Expectations(properties.qoe());
    this.pacing =
        new Pacing(properties.qoe(), properties.requestTimeout(), scheduler, clock, draining);
    this.metrics = metrics;
    this.clock = clock;
  }

  /**
   * Its time begins now.
   *
   * @param model a label: its name comes from a worker, never from a client
   * @param promptTokens as far as they are known
   */
  public ReaderWatch watch(
      AnswerRequest request, String model, PriorityClass priority, IntSupplier promptTokens) {
    return new ReaderWatch(
        request.answers(),
        expectations(request, model),
        promptTokens,
        qoe -> metrics.qoe(model, priority.label(), qoe),
        clock);
  }

  /** What the reader of a request expects, by the tokens of the prompt. */
  public IntFunction<QoeSpec> expectations(AnswerRequest request, String model) {
    return tokens -> expectations.of(model, tokens, request.extensions().qoe());
  }

  /** The answers at their reader's pace, if they are to be; its time begins now. */
  public Flux<Answer> paced(Flux<Answer> answers, AnswerRequest request, String model) {
    Extensions extensions = request.extensions();
    return pacing.paces(model, extensions.pacing())
        ? pacing.pace(
            answers, expectations(request, model), slack -> metrics.model(model).paced(slack))
        : answers;
  }
}
