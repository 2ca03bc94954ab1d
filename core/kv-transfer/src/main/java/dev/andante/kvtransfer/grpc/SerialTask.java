package dev.andante.kvtransfer.grpc;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs a task one at a time; requests made meanwhile are not lost. Thread-safe. */
public final class SerialTask {

  private final Executor executor;
  private final Runnable task;
  private final AtomicInteger requests = new AtomicInteger();

  public SerialTask(Executor executor, Runnable task) {
    this.executor = executor;
    this.task = task;
  }

  /** Has the task run at least once more. Returns at once. */
  public void request() {
    if (requests.getAndIncrement() == 0) {
      executor.execute(this::run);
    }
  }

  private void run() {
    int seen = 1;
    try {
      while (seen != 0) {
        task.run();
        seen = requests.addAndGet(-seen);
      }
    } finally {
      if (seen != 0) { // it failed: the next request runs it again
        requests.set(0);
      }
    }
  }
}
