package dev.andante.compute;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The threads that kernels run on: one pool per JVM, shared by all roles in it. The calling thread
 * always takes part, so a pool of one adds no thread, and callers that meet here make progress
 * whatever the others do.
 *
 * <p>Work is split into tasks whose results do not depend on which thread runs them, so results do
 * not depend on the pool's size.
 */
public final class ComputePool implements AutoCloseable {

  /** A piece of work, {@code 0 <= index < count}. */
  @FunctionalInterface
  public interface Task {
    void run(int index);
  }

  private final int threads;
  private final ExecutorService workers;

  /**
   * @param threads how many threads work on one call, the caller included; at least 1
   */
  public ComputePool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, not " + threads);
    }
    this.threads = threads;
    AtomicInteger names = new AtomicInteger();
    this.workers =
        Executors.newFixedThreadPool(
            Math.max(1, threads - 1),
            task -> {
              Thread thread = new Thread(task, "andante-compute-" + names.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** A pool as wide as the machine. */
  public static ComputePool ofAvailableProcessors() {
    return new ComputePool(Runtime.getRuntime().availableProcessors());
  }

  public int threads() {
    return threads;
  }

  /**
   * Runs {@code task} for every index below {@code count} and returns when all are done; rethrows
   * the first failure.
   */
  public void run(int count, Task task) {
    int helpers = Math.min(threads, count) - 1;
    if (helpers <= 0) {
      for (int i = 0; i < count; i++) {
        task.run(i);
      }
      return;
    }
    AtomicInteger next = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    CountDownLatch done = new CountDownLatch(helpers);
    Runnable share = () -> drain(count, task, next, failure);
    for (int i = 0; i < helpers; i++) {
      workers.execute(
          () -> {
            try {
              share.run();
            } finally {
              done.countDown();
            }
          });
    }
    share.run();
    awaitUninterruptibly(done);
    Throwable first = failure.get();
    if (first instanceof RuntimeException e) {
      throw e;
    }
    if (first instanceof Error e) {
      throw e;
    }
  }

  private static void drain(
      int count, Task task, AtomicInteger next, AtomicReference<Throwable> failure) {
    int i;
    while ((i = next.getAndIncrement()) < count) {
      try {
        task.run(i);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
        next.set(count);
      }
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // kernels are short and must leave no half-written tensor behind
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    workers.shutdown();
  }
}
