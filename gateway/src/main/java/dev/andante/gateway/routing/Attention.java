package dev.andante.gateway.routing;

import java.time.Duration;

/**
 * Since when this process has looked around at its pace. After a pause, of it or of the machine,
 * everybody seems to have been silent for as long. For one thread.
 */
final class Attention {

  private final long mostNanos;
  private long last;
  private long since;

  /**
   * @param most between two looks
   * @param now as {@link System#nanoTime}
   */
  Attention(Duration most, long now) {
    this.mostNanos = most.toNanos();
    this.last = now;
    this.since = now;
  }

  /**
   * Looks around.
   *
   * @return since when without a pause
   */
  long look(long now) {
    if (now - last > mostNanos) {
      since = now;
    }
    last = now;
    return since;
  }
}
