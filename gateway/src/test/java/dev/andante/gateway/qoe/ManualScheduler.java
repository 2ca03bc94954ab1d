package dev.andante.gateway.qoe;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/** A scheduler and its clock, both moved by hand. One thread. */
final class ManualScheduler implements Scheduler {

  private final class Task implements Disposable {
    private final long at;
    private final long number;
    private final Runnable work;
    private final ManualWorker worker;
    private boolean disposed;

    Task(long at, Runnable work, ManualWorker worker) {
      this.at = at;
      this.number = scheduled++;
      this.work = work;
      this.worker = worker;
    }

    @Override
    public void dispose() {
      disposed = true;
      tasks.remove(this);
    }

    @Override
    public boolean isDisposed() {
      return disposed;
    }
  }

  private final class ManualWorker implements Worker {
    private boolean disposed;

    @Override
    public Disposable schedule(Runnable task) {
      return schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
      if (disposed) {
        throw new RejectedExecutionException("disposed");
      }
      Task added = new Task(now + Math.max(0, unit.toNanos(delay)), task, this);
      tasks.add(added);
      return added;
    }

    @Override
    public void dispose() {
      if (!disposed) {
        disposed = true;
        workers--;
        tasks.removeIf(task -> task.worker == this);
      }
    }

    @Override
    public boolean isDisposed() {
      return disposed;
    }
  }

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(
          Comparator.<Task>comparingLong(task -> task.at).thenComparingLong(task -> task.number));

  private long now;
  private long scheduled;
  private int workers;

  long nanos() {
    return now;
  }

  /** Tasks that wait. */
  int pending() {
    return tasks.size();
  }

  /** Workers in use. */
  int workers() {
    return workers;
  }

  /** Tasks there ever were. */
  long scheduled() {
    return scheduled;
  }

  /** Runs what is due at each moment until then. */
  void advance(double seconds) {
    long end = now + Math.round(seconds * 1e9);
    while (!tasks.isEmpty() && tasks.element().at <= end) {
      Task next = tasks.remove();
      now = Math.max(now, next.at);
      next.work.run();
    }
    now = end;
  }

  @Override
  public Worker createWorker() {
    workers++;
    return new ManualWorker();
  }

  @Override
  public Disposable schedule(Runnable task) {
    throw new UnsupportedOperationException("order needs a worker");
  }
}
