package dev.andante.kvtransfer.grpc;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/** Watches over somebody who has to say now and then that it is there. Thread-safe. */
final class SignsOfLife {

  private final Executor executor;
  private volatile long lastNanos = System.nanoTime();

  SignsOfLife(Executor executor) {
    this.executor = executor;
  }

  void seen() {
    lastNanos = System.nanoTime();
  }

  /**
   * Looks from now on. To be called once.
   *
   * @param leaseMillis how long the silence may last
   * @param due whether signs are still awaited
   * @param silent told for how many milliseconds there was none; once at most
   */
  void watch(long leaseMillis, BooleanSupplier due, LongConsumer silent) {
    look(leaseMillis, leaseMillis, due, silent);
  }

  private void look(long leaseMillis, long inMillis, BooleanSupplier due, LongConsumer silent) {
    CompletableFuture.delayedExecutor(Math.max(1, inMillis), TimeUnit.MILLISECONDS, executor)
        .execute(
            () -> {
              if (!due.getAsBoolean()) {
                return;
              }
              long since = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastNanos);
              if (since >= leaseMillis) {
                silent.accept(since);
              } else {
                look(leaseMillis, leaseMillis - since, due, silent);
              }
            });
  }
}
