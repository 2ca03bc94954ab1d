package dev.andante.gateway.pipeline;

import java.time.Duration;

/** How long something has lasted. For one thread at a time. */
final class Since {

  private long nanos;
  private boolean begun;

  /** Whether it has lasted for less than that; begins it, if need be. */
  boolean within(Duration limit) {
    long now = System.nanoTime();
    if (!begun) {
      begun = true;
      nanos = now;
    }
    return now - nanos < limit.toNanos();
  }

  /** Whether it has only just begun. */
  boolean isNew() {
    return !begun;
  }

  /** What is left until it has lasted that long; all if it has not begun. */
  Duration left(Duration limit) {
    return begun ? limit.minusNanos(System.nanoTime() - nanos) : limit;
  }

  void over() {
    begun = false;
  }
}
