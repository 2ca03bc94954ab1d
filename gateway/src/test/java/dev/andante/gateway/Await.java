package dev.andante.gateway;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for something that happens on other threads, at most 30 s. */
final class Await {

  private Await() {}

  static void until(BooleanSupplier condition, String what) {
    until(condition, () -> what);
  }

  /**
   * @param what said if it never happens, with the state that is there then
   */
  static void until(BooleanSupplier condition, Supplier<String> what) {
    long end = System.nanoTime() + 30_000_000_000L;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("still not after 30 s: " + what.get());
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted while waiting: " + what.get(), e);
      }
    }
  }
}
