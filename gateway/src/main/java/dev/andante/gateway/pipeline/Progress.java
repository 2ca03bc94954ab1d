package dev.andante.gateway.pipeline;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How far a request has come, counted as it goes, so that it is known however it ends. Any thread.
 */
public final class Progress {

  /** Longer than the pauses between tries of workers that are full. */
  private static final long NO_ROOM_NANOS = 2_000_000_000L;

  private final AtomicInteger promptTokens = new AtomicInteger();
  private final AtomicInteger generatedTokens = new AtomicInteger();
  private volatile boolean admitted;
  private volatile long queuedNanos;
  private volatile long turnedAwayNanos;

  void promptTokens(int count) {
    promptTokens.addAndGet(count);
  }

  void generatedTokens(int count) {
    generatedTokens.addAndGet(count);
  }

  /**
   * @param nanos that it waited for its turn
   */
  void admit(long nanos) {
    queuedNanos = nanos;
    admitted = true;
  }

  /** How long it waited for its turn here; 0 until it is admitted. */
  long queuedNanos() {
    return queuedNanos;
  }

  /** A worker had no room for it; it will be asked, or another one, again. */
  void turnedAway() {
    turnedAwayNanos = System.nanoTime();
  }

  /** Tokens of its prompts, each counted once however many answers it gets; 0 until known. */
  public int promptTokens() {
    return promptTokens.get();
  }

  /** Tokens that workers have sent for all its answers. */
  public int generatedTokens() {
    return generatedTokens.get();
  }

  public boolean admitted() {
    return admitted;
  }

  /**
   * Whether it is being worked on: not waiting for its turn or for room on a worker, after which it
   * may still be refused.
   */
  public boolean underWay() {
    long refused = turnedAwayNanos;
    return admitted && (refused == 0 || System.nanoTime() - refused > NO_ROOM_NANOS);
  }
}
