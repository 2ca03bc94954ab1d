package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import reactor.core.publisher.Mono;

/**
 * Where texts are tokenized, apart from the event loops. Long ones have a thread of their own and
 * wait for one another only, so that whoever sends them holds up nobody else. What waits is bounded
 * in both, and so is the time that a text may take from its arrival.
 */
public final class TokenizerLanes implements AutoCloseable {

  /** More bytes than this, some 30 ms of work, are long. */
  static final long LONG = 32 * 1024;

  private final TokenizerLane shorter;
  private final TokenizerLane longer;
  private final Duration patience;

  /**
   * @param threads for texts that are not long
   * @param bytes of texts that are not long, from which on no other is let in
   * @param longBytes the same of long ones
   * @param patience how long a text may take, its wait included
   */
  public TokenizerLanes(int threads, long bytes, long longBytes, Duration patience) {
    this.shorter = new TokenizerLane("tokenizer", threads, bytes);
    this.longer = new TokenizerLane("tokenizer-long", 1, longBytes);
    this.patience = patience;
  }

  /**
   * Runs the work on its lane; fails with {@link ApiException} 429 if there is no room for it or it
   * takes too long.
   *
   * @param bytes how much work it is
   */
  public <T> Mono<T> run(long bytes, Callable<T> work) {
    return (bytes > LONG ? longer : shorter)
        .run(bytes, work)
        .timeout(patience)
        .onErrorMap(RejectedExecutionException.class, e -> full())
        .onErrorMap(TimeoutException.class, e -> late());
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
    shorter.close();
    longer.close();
  }
}
