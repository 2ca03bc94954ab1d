package dev.andante.gateway.qoe;

import dev.andante.gateway.pipeline.Answer;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.scheduler.Scheduler;

/**
 * One response on its way to its reader. Everything runs on one worker of a shared scheduler, in
 * order, so there are no locks; at most one timer is pending.
 *
 * <p>It hurries, from then on, when the gateway drains or the request's time is over: then all that
 * is there goes out and nothing waits any more. A failure of the source hurries too, and stays
 * behind the text before it.
 */
final class PacedStream {

  /** How long a drain may go unnoticed. */
  private static final long CHECK_NANOS = 250_000_000L;

  private final Pacing.Response response;
  private final FluxSink<Answer> out;
  private final Scheduler.Worker worker;
  private final SortedMap<Integer, PacedAnswer> answers = new TreeMap<>();
  private boolean hurry;
  private boolean complete;
  private @Nullable Disposable timer;
  private long timerNanos;

  private PacedStream(Pacing.Response response, FluxSink<Answer> out, Scheduler.Worker worker) {
    this.response = response;
    this.out = out;
    this.worker = worker;
  }

  static Flux<Answer> of(Flux<Answer> source, Pacing.Response response, Scheduler scheduler) {
    return Flux.create(
        out -> {
          Scheduler.Worker worker = scheduler.createWorker();
          PacedStream stream = new PacedStream(response, out, worker);
          Disposable.Swap subscription = Disposables.swap();
          out.onDispose(
              () -> {
                subscription.dispose();
                worker.dispose();
              });
          subscription.update(
              source
                  .contextWrite(out.contextView())
                  .subscribe(
                      answer -> stream.later(() -> stream.accept(answer)),
                      error -> stream.later(() -> stream.fail(error)),
                      () -> stream.later(stream::complete)));
        });
  }

  private void later(Runnable step) {
    try {
      worker.schedule(() -> guarded(step));
    } catch (RejectedExecutionException gone) {
      // The reader left while this was on its way: nobody waits for it.
    }
  }

  /** A defect here must end the stream, not leave it waiting. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      out.error(e);
    }
  }

  private void accept(Answer answer) {
    long now = response.now();
    switch (answer) {
      case Answer.Start start -> {
        answers.put(start.index(), response.begin(start));
        out.next(start);
      }
      case Answer.Piece piece -> answer(piece).add(piece, now);
      case Answer.End end -> answer(end).end(end);
    }
    pump(now);
  }

  private PacedAnswer answer(Answer part) {
    PacedAnswer answer = answers.get(part.index());
    if (answer == null) {
      throw new IllegalStateException("answer " + part.index() + " is not under way");
    }
    return answer;
  }

  private void complete() {
    complete = true;
    pump(response.now());
  }

  private void fail(Throwable error) {
    hurry = true;
    pump(response.now());
    out.error(error);
  }

  private void pump(long now) {
    hurry = hurry || response.hurries(now);
    for (PacedAnswer answer : List.copyOf(answers.values())) {
      (hurry ? answer.flush() : answer.poll(now)).forEach(out::next);
    }
    answers.values().removeIf(this::leaves);
    if (complete && answers.isEmpty()) {
      out.complete();
    } else {
      wake(now);
    }
  }

  private boolean leaves(PacedAnswer answer) {
    if (answer.over()) {
      response.ended(answer);
      return true;
    }
    return false;
  }

  private void wake(long now) {
    OptionalLong delay =
        answers.values().stream()
            .map(PacedAnswer::nextNanos)
            .filter(OptionalLong::isPresent)
            .mapToLong(next -> Math.clamp(next.getAsLong() - now, 0, CHECK_NANOS))
            .min();
    if (delay.isEmpty()) {
      return; // the next token wakes it
    }
    long at = now + delay.getAsLong();
    if (timer != null && timerNanos - at <= 0) {
      return;
    }
    if (timer != null) {
      timer.dispose();
    }
    timerNanos = at;
    timer = worker.schedule(() -> guarded(this::ring), delay.getAsLong(), TimeUnit.NANOSECONDS);
  }

  private void ring() {
    timer = null;
    pump(response.now());
  }
}
