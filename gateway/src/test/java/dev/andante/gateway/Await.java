package dev.andante.gateway;

import java.util.function.BooleanSupplier;

/** Waits for something that happens on other threads, at most 30 s. */
final class Await {

  private Await() {}

  static void until(BooleanSupplier condition, String what) {
    long end = System.nanoTime() + 30_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("still not after 30 s: " + what);
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting: " + what, e);
      }
    }
  }
}
