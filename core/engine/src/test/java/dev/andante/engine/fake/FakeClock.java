package dev.andante.engine.fake;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Nanoseconds set by hand; each look at them may take some. */
public final class FakeClock implements LongSupplier {

  private final AtomicLong now = new AtomicLong(1_000_000);
  private volatile long tick;

  public void advance(Duration by) {
    now.addAndGet(by.toNanos());
  }

  /** From now on the time goes on by this much with each look. */
  public void tick(Duration by) {
    tick = by.toNanos();
  }

  @Override
  public long getAsLong() {
    return now.addAndGet(tick);
  }
}
