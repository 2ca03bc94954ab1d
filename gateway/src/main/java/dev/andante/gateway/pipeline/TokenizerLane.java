package dev.andante.gateway.pipeline;

import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Threads that tokenize, and the texts that wait for them: as many as fit a number of bytes, since
 * memory is what they cost.
 */
final class TokenizerLane implements AutoCloseable {

  /** What a request that waits holds beside its text, about. */
  private static final long OVERHEAD = 1024;

  private static final int IDLE_SECONDS = 60;

  private enum Stage {
    WAITING,
    RUNNING,
    OVER
  }

  private final Scheduler threads;
  private final long most;
  private final AtomicLong held = new AtomicLong(); // by texts that wait and that are worked on

  /**
   * @param most bytes from which on no further text is let in
   */
  TokenizerLane(String name, int threads, long most) {
    this.threads =
        Schedulers.newBoundedElastic(threads, Integer.MAX_VALUE, name, IDLE_SECONDS, true);
    this.most = most;
  }

  /** Fails with {@link RejectedExecutionException} if there is no room for the text. */
  <T> Mono<T> run(long bytes, Callable<T> work) {
    return Mono.create(sink -> start(sink, bytes + OVERHEAD, work));
  }

  /** Unlike {@code subscribeOn} silent about work that fails when nobody waits for it any more. */
  private <T> void start(MonoSink<T> sink, long cost, Callable<T> work) {
    if (!enter(cost)) {
      sink.error(new RejectedExecutionException("the texts that wait hold " + most + " bytes"));
      return;
    }
    AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);
    Disposable task;
    try {
      task =
          threads.schedule(
              () -> {
                if (!stage.compareAndSet(Stage.WAITING, Stage.RUNNING)) {
                  return;
                }
                try {
                  sink.success(result(work, cost));
                } catch (Exception e) {
                  if (stage.get() == Stage.RUNNING) {
                    sink.error(e);
                  }
                }
              });
    } catch (RejectedExecutionException e) { // closed
      held.addAndGet(-cost);
      sink.error(e);
      return;
    }
    sink.onCancel(
        () -> {
          if (stage.getAndSet(Stage.OVER) == Stage.WAITING) {
            held.addAndGet(-cost);
          }
          task.dispose();
        });
  }

  /** Of the work; there is room again before anybody hears of it. */
  private <T> T result(Callable<T> work, long cost) throws Exception {
    try {
      return work.call();
    } finally {
      held.addAndGet(-cost);
    }
  }

  private boolean enter(long cost) {
    return held.getAndUpdate(now -> now < most ? now + cost : now) < most;
  }

  @Override
  public void close() {
    threads.dispose();
  }
}
