package dev.andante.gateway.pipeline;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Keeps tokenizer threads, and places in their queues, until it is closed. */
public final class BusyLanes implements AutoCloseable {

  /**
   * For {@link #occupy}: the lanes of short and of long texts, the longest and the shortest of
   * them.
   */
  public static final long SHORT = TokenizerLanes.LONG;

  public static final long LONG = TokenizerLanes.LONG + 1;

  private final TokenizerLanes lanes;
  private final CountDownLatch gate = new CountDownLatch(1);
  private final Semaphore running = new Semaphore(0);

  public BusyLanes(TokenizerLanes lanes) {
    this.lanes = lanes;
  }

  /**
   * Returns when all of the lane's threads are busy.
   *
   * @param queued places to take for each thread
   */
  public BusyLanes occupy(long bytes, int threads, int queued) {
    run(bytes, threads);
    try {
      if (!running.tryAcquire(threads, 30, TimeUnit.SECONDS)) {
        throw new AssertionError("not so many threads serve this lane");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    run(bytes, threads * queued);
    return this;
  }

  private void run(long bytes, int times) {
    for (int i = 0; i < times; i++) {
      var _ = lanes.run(bytes, this::await).subscribe(done -> {}, error -> {});
    }
  }

  /** Like native code, deaf to interrupts. */
  private String await() {
    running.release();
    boolean interrupted = false;
    while (true) {
      try {
        gate.await();
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        return "";
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  @Override
  public void close() {
    gate.countDown();
  }
}
