package dev.andante.engine.fake;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Nanoseconds set by hand. */
public final class FakeClock implements LongSupplier {

  private final AtomicLong now = new AtomicLong(1_000_000);

  public void advance(Duration by) {
    now.addAndGet(by.toNanos());
  }

  @Override
  public long getAsLong() {
    return now.get();
  }
}
