package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.gateway.metrics.AdmissionOutcome;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.Progress;
import dev.andante.gateway.qoe.ReaderWatch;
import dev.andante.service.grpc.LogIds;
import dev.andante.service.state.InFlight;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;

/** What is counted and logged of one completion request, however it ends. */
final class RequestWatch {

  private static final Logger LOG = LoggerFactory.getLogger(RequestWatch.class);

  private final LogIds logIds;
  private final GatewayMetrics metrics;
  private final InFlight inFlight;
  private final AdmissionOutcome outcome;
  private final Progress progress = new Progress();
  private @Nullable ReaderWatch reader;

  RequestWatch(LogIds logIds, GatewayMetrics metrics, InFlight inFlight) {
    this.logIds = logIds;
    this.metrics = metrics;
    this.inFlight = inFlight;
    this.outcome = metrics.admissionOutcome();
  }

  Progress progress() {
    return progress;
  }

  /** Whose QoE the log tells; without one nobody reads the answers as they come. */
  void reader(ReaderWatch watch) {
    reader = watch;
  }

  /** Counts a failure that admission is the reason of, or that came before it. */
  void failed(Throwable error) {
    DropReason reason = error instanceof ApiException api ? api.dropReason() : null;
    if (reason != null) {
      outcome.dropped(reason);
    } else if (progress.admitted()) {
      outcome.admitted();
    }
  }

  /** The answers, watched; for one subscription. */
  Flux<Answer> over(Flux<Answer> answers, ParsedRequest parsed, String model) {
    return Flux.defer(
        () -> {
          long began = System.nanoTime();
          inFlight.begin();
          return answers
              .doOnNext(answer -> outcome.admitted())
              .doOnError(this::failed)
              .doFinally(
                  signal -> {
                    inFlight.end();
                    if (signal == SignalType.CANCEL) {
                      left();
                    }
                    log(parsed, model, signal, System.nanoTime() - began);
                  });
        });
  }

  private void left() {
    metrics.cancelled();
    if (progress.admitted()) {
      outcome.admitted();
    } else {
      outcome.dropped(DropReason.CONTEXT_CANCELLED);
    }
  }

  private void log(ParsedRequest parsed, String model, SignalType signal, long nanos) {
    logIds.run(
        () ->
            LOG.info(
                "{} {} model={} stream={} answers={} prompt={} generated={} in {} ms qoe={}",
                parsed.answers().id(),
                switch (signal) {
                  case CANCEL -> "cancelled by the client";
                  case ON_ERROR -> "failed";
                  default -> "done";
                },
                model,
                parsed.delivery().stream(),
                parsed.answers().answers(),
                progress.promptTokens(),
                progress.generatedTokens(),
                nanos / 1_000_000,
                qoe()));
  }

  /** The mean of all answers; a dash where there is none to tell of. */
  private String qoe() {
    OptionalDouble mean = reader == null ? OptionalDouble.empty() : reader.mean();
    return mean.isPresent() ? String.format(Locale.ROOT, "%.3f", mean.getAsDouble()) : "-";
  }
}
