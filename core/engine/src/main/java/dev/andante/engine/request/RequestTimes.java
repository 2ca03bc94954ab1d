package dev.andante.engine.request;

import dev.andante.engine.GenerationStats;
import java.time.Duration;

/**
 * When a request passed its milestones, and what it took. Nanoseconds of the engine's time source.
 */
public final class RequestTimes {

  private static final long NEVER = Long.MIN_VALUE;

  private final long submitted;
  private final long deadline;
  private long scheduled = NEVER;
  private long firstToken = NEVER;
  private int drafted;
  private int accepted;
  private int preemptions;
  private int reported;
  private int cached;

  public RequestTimes(long submitted, Duration timeLeft) {
    this.submitted = submitted;
    this.deadline = submitted + timeLeft.toNanos();
  }

  /** Nanoseconds for which somebody still waits; negative once nobody does. */
  public long left(long now) {
    return deadline - now;
  }

  public void onScheduled(long now) {
    if (scheduled == NEVER) {
      scheduled = now;
    }
  }

  public void onToken(long now) {
    if (firstToken == NEVER) {
      firstToken = now;
    }
  }

  /** The KV came from elsewhere: what follows is all decode. */
  public void skipPrefill(long now) {
    firstToken = now;
  }

  public void onDraft(int draftTokens, int acceptedTokens) {
    drafted += draftTokens;
    accepted += acceptedTokens;
  }

  public void onPreempted() {
    preemptions++;
  }

  /** Prompt tokens that need not be computed. */
  public void onCached(int tokens) {
    cached = tokens;
  }

  /**
   * Prompt tokens up to {@code position} are computed; returns how many of them are new, so that
   * recomputation counts none twice.
   */
  public int promptProgress(int position) {
    int more = Math.max(0, position - reported);
    reported += more;
    return more;
  }

  public GenerationStats stats(long now) {
    long start = scheduled == NEVER ? now : scheduled;
    long first = firstToken == NEVER ? now : Math.max(firstToken, start);
    return new GenerationStats(
        cached,
        drafted,
        accepted,
        preemptions,
        micros(start - submitted),
        micros(first - start),
        micros(now - first));
  }

  private static long micros(long nanos) {
    return Math.max(0, nanos) / 1000;
  }
}
