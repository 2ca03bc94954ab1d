package dev.andante.benchmarks.ceilings;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** The rate of several threads that work at the same time. */
final class Together {

  private static final long NANOS = 300_000_000;

  /** A piece of work that says how much it was. */
  @FunctionalInterface
  interface Work {
    long piece(int thread);
  }

  private Together() {}

  /** Work per second, all threads together, over 0.3 s. */
  static double rate(int threads, Work work) {
    CyclicBarrier start = new CyclicBarrier(threads);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      return IntStream.range(0, threads)
          .mapToObj(t -> executor.submit(() -> one(start, t, work)))
          .toList()
          .stream()
          .mapToDouble(Together::result)
          .sum();
    }
  }

  private static double one(CyclicBarrier start, int thread, Work work) throws Exception {
    start.await();
    long begin = System.nanoTime();
    long done = 0;
    long now;
    do {
      done += work.piece(thread);
      now = System.nanoTime();
    } while (now - begin < NANOS);
    return done / ((now - begin) / 1e9);
  }

  private static double result(Future<Double> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a ceiling could not be measured", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
