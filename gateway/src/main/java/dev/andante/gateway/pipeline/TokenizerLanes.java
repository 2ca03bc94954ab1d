package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Where texts are tokenized, apart from the event loops. Long ones have a thread of their own and
 * wait for one another only, so that whoever sends them holds up nobody else. Both queues are
 * bounded, and so is the time that a text may take from its arrival.
 */
public final class TokenizerLanes implements AutoCloseable {

  /** More bytes than this, some 30 ms of work, are long. */
  static final long LONG = 32 * 1024;

  private static final int IDLE_SECONDS = 60;

  private final Scheduler shorter;
  private final Scheduler longer;
  private final Duration patience;

  /**
   * @param threads for texts that are not long
   * @param queued texts that may wait for each of those threads
   * @param longQueued long texts that may wait
   * @param patience how long a text may take, its wait included
   */
  public TokenizerLanes(int threads, int queued, int longQueued, Duration patience) {
    this.shorter = Schedulers.newBoundedElastic(threads, queued, "tokenizer", IDLE_SECONDS, true);
    this.longer = Schedulers.newBoundedElastic(1, longQueued, "tokenizer-long", IDLE_SECONDS, true);
    this.patience = patience;
  }

  /**
   * Runs the work on its lane; fails with {@link ApiException} 429 if there is no room for it or it
   * takes too long.
   *
   * @param bytes how much work it is
   */
  public <T> Mono<T> run(long bytes, Callable<T> work) {
    return on(bytes > LONG ? longer : shorter, work)
        .timeout(patience)
        .onErrorMap(RejectedExecutionException.class, e -> full())
        .onErrorMap(TimeoutException.class, e -> late());
  }

  /** Unlike {@code subscribeOn} silent about work that fails when nobody waits for it any more. */
  private static <T> Mono<T> on(Scheduler scheduler, Callable<T> work) {
    return Mono.create(
        sink -> {
          AtomicBoolean left = new AtomicBoolean();
          Disposable task =
              scheduler.schedule(
                  () -> {
                    try {
                      sink.success(work.call());
                    } catch (Exception e) {
                      if (!left.get()) {
                        sink.error(e);
                      }
                    }
                  });
          sink.onCancel(
              () -> {
                left.set(true);
                task.dispose();
              });
        });
  }

  private static ApiException full() {
    return ApiException.saturated(
        DropReason.SATURATED,
        Duration.ofSeconds(1),
        "Too many prompts wait to be tokenized; try again shortly.");
  }

  private ApiException late() {
    return ApiException.saturated(
        DropReason.TTL_EXPIRED,
        Duration.ofSeconds(1),
        "The text was not tokenized within "
            + patience.toMillis()
            + " ms; the server is saturated.");
  }

  @Override
  public void close() {
    shorter.dispose();
    longer.dispose();
  }
}
