package dev.andante.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.Lincheck;
import org.jspecify.annotations.Nullable;

/**
 * Tries the orders in which a few threads may run, one after the other: Lincheck's model checker
 * decides at each access to what they share who goes on. It takes memory for sequentially
 * consistent, so it finds what is wrong with the order of steps, not a field that should be
 * volatile.
 */
public final class Interleavings {

  /** Enough for two or three threads that each take a lock a few times. */
  private static final int ORDERS = 1_000;

  private Interleavings() {}

  /**
   * @param scenario makes what it needs, lets threads loose on it ({@link #together}) and throws if
   *     what comes of it is wrong; run once for each order
   */
  public static void check(Runnable scenario) {
    Lincheck.runConcurrentTest(ORDERS, scenario);
  }

  /**
   * Runs each part in a thread of its own and returns when all have ended.
   *
   * @param shared what they have in common, or several such things in an array: Lincheck takes what
   *     only lambdas hold for a thread's own, and would change nothing there
   * @throws AssertionError if one of them failed
   */
  public static void together(Object shared, Runnable... parts) {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    // By their own class they could not be joined: Lincheck knows of Thread alone.
    List<Thread> threads = new ArrayList<>();
    for (Runnable part : parts) {
      threads.add(new Part(shared, part, failure));
    }
    for (Thread thread : threads) {
      thread.start();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new AssertionError(first);
    }
  }

  /** A check without all that other ones do, each step of which Lincheck would look at. */
  public static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  private static final class Part extends Thread {

    @SuppressWarnings("unused") // seen by Lincheck
    private final Object shared;

    private final Runnable part;
    private final AtomicReference<@Nullable Throwable> failure;

    Part(Object shared, Runnable part, AtomicReference<@Nullable Throwable> failure) {
      this.shared = shared;
      this.part = part;
      this.failure = failure;
    }

    @Override
    public void run() {
      try {
        part.run();
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
    }
  }
}
