package dev.andante.kvtransfer;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What is to happen some time from now, on a virtual thread of its own. The common pool, where such
 * tasks run otherwise, has one thread on two cores, and whoever blocks it would hold up
 * acknowledgements and leases.
 */
public final class Later {

  private Later() {}

  /**
   * @param millis from now; at least one
   * @param task must not fail
   */
  public static void run(long millis, Runnable task) {
    CompletableFuture.delayedExecutor(
            Math.max(1, millis), TimeUnit.MILLISECONDS, Thread.ofVirtual().name("kv-later")::start)
        .execute(task);
  }
}
