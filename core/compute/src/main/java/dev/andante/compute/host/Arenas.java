package dev.andante.compute.host;

import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Frees memory that native kernels may be using. */
public final class Arenas {

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private Arenas() {}

  /**
   * Closes a shared arena; closing twice is harmless. Waits for native calls under way, which are
   * short; calls made later fail.
   *
   * @throws IllegalStateException if a call is still under way after 10 s
   */
  public static void close(Arena arena) {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }
}
