package dev.andante.gateway.routing;

import java.util.function.LongSupplier;

/**
 * Lets calls be made beyond the ordinary ones, in proportion to them: a token bucket that ordinary
 * calls and time fill. So what is done against failures cannot multiply the load that they came
 * from. Any thread.
 */
public final class CallBudget {

  private final double share;
  private final double perSecond;
  private final int most;
  private final LongSupplier clock;
  private double calls;
  private long nanos;

  /**
   * @param share extra calls per ordinary one
   * @param perSecond extra calls that may be made without any ordinary one
   * @param most extra calls that can be saved up
   * @param saved how many are, to begin with
   * @param clock as {@link System#nanoTime}
   */
  public CallBudget(double share, double perSecond, int most, int saved, LongSupplier clock) {
    this.share = share;
    this.perSecond = perSecond;
    this.most = most;
    this.calls = saved;
    this.clock = clock;
    this.nanos = clock.getAsLong();
  }

  /** An ordinary call is made. */
  public synchronized void earn() {
    add(share);
  }

  /** Whether there is an extra call to take. */
  public synchronized boolean hasSome() {
    long now = clock.getAsLong();
    add(Math.max(0, now - nanos) / 1e9 * perSecond);
    nanos = now;
    return calls >= 1;
  }

  /** Takes an extra call, if there is one. */
  public synchronized boolean spend() {
    if (!hasSome()) {
      return false;
    }
    calls--;
    return true;
  }

  private void add(double more) {
    calls = Math.min(most, calls + more);
  }
}
