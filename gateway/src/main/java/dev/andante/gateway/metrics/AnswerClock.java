package dev.andante.gateway.metrics;

/** Times one answer. One thread at a time. */
public final class AnswerClock {

  private final ModelMeters meters;
  private final long arrivedNanos;
  private final long admittedNanos;
  private long firstNanos;
  private long lastNanos;

  /**
   * @param arrivedNanos when the request came, {@link System#nanoTime}
   */
  public AnswerClock(ModelMeters meters, long arrivedNanos) {
    this.meters = meters;
    this.arrivedNanos = arrivedNanos;
    this.admittedNanos = System.nanoTime();
  }

  public void tokens(int count) {
    long now = System.nanoTime();
    int later = count;
    if (firstNanos == 0) {
      firstNanos = now;
      lastNanos = now;
      meters.firstToken(now - arrivedNanos);
      later--;
    }
    meters.tokens(later, now - lastNanos);
    lastNanos = now;
  }

  public void finished(String reason, int prompt, int generated) {
    long first = firstNanos == 0 ? System.nanoTime() : firstNanos;
    long last = Math.max(first, lastNanos);
    meters.finished(
        reason,
        prompt,
        generated,
        admittedNanos - arrivedNanos,
        first - arrivedNanos,
        last - arrivedNanos);
  }
}
