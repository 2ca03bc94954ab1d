package dev.andante.compute.onednn;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts the calls that are using native objects, so that none of those is freed under them: what
 * memory segments do for calls that are given one, and ours are given addresses.
 */
final class Usage {

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final int CLOSED = Integer.MIN_VALUE;

  private final AtomicInteger users = new AtomicInteger();

  /**
   * Begins a call; {@link #leave} ends it.
   *
   * @throws IllegalStateException after {@link #close}
   */
  void enter() {
    while (true) {
      int seen = users.get();
      if (seen == CLOSED) {
        throw new IllegalStateException("the backend is closed");
      }
      if (users.compareAndSet(seen, seen + 1)) {
        return;
      }
    }
  }

  void leave() {
    users.decrementAndGet();
  }

  /**
   * Waits for the calls under way and lets no more begin; false if that was done before.
   *
   * @throws IllegalStateException if a call is still under way after 10 s
   */
  boolean close() {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!users.compareAndSet(0, CLOSED)) {
      if (users.get() == CLOSED) {
        return false;
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("the backend is still in use");
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    return true;
  }
}
