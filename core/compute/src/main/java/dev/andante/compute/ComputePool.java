package dev.andante.compute;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that kernels run on: one pool per JVM, shared by all roles in it. The calling thread
 * always takes part and never waits for a helper to start, so a pool of one adds no thread, callers
 * that meet here make progress whatever the others do, and a call may be made from inside a task.
 *
 * <p>Work is split into tasks whose results do not depend on which thread runs them, so results do
 * not depend on the pool's size.
 *
 * <p>Waiting is a short bounded spin, because the next operation of a forward pass usually follows
 * within microseconds, and then parking: cores shared with other processes are given back.
 */
public final class ComputePool implements AutoCloseable {

  /** A piece of work, {@code 0 <= index < count}. */
  @FunctionalInterface
  public interface Task {
    void run(int index);
  }

  private static final long SPIN_NANOS = 30_000;

  private final int threads;
  private final Worker[] workers;
  private final Queue<Call> calls = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  /**
   * @param threads how many threads work on one call, the caller included; at least 1
   */
  public ComputePool(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, not " + threads);
    }
    this.threads = threads;
    List<Worker> started = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      started.add(new Worker(i));
    }
    this.workers = started.toArray(Worker[]::new);
    started.forEach(Thread::start);
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
   * the first failure, after which indices not yet begun are left out. Everything the tasks did is
   * visible to the caller. Interruption does not cut it short. After {@link #close} the caller does
   * all the work.
   */
  public void run(int count, Task task) {
    int helpers = Math.min(threads, count) - 1;
    if (helpers <= 0 || closed) {
      for (int i = 0; i < count; i++) {
        task.run(i);
      }
      return;
    }
    Call call = new Call(count, task, Thread.currentThread());
    calls.add(call);
    for (int i = 0; i < helpers; i++) {
      workers[i].wake();
    }
    call.work();
    calls.remove(call);
    call.await();
    call.rethrow();
  }

  /** Ends the threads; calls under way complete. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      worker.wake();
    }
  }

  /** One call of {@link #run}, shared by the caller and whoever helps. */
  private static final class Call {

    private final int count;
    private final Task task;
    private final Thread caller;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger completed = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Call(int count, Task task, Thread caller) {
      this.count = count;
      this.task = task;
      this.caller = caller;
    }

    boolean hasMore() {
      return next.get() < count;
    }

    /** Takes indices until none is left. */
    void work() {
      int finished = 0;
      int index;
      while ((index = next.getAndIncrement()) < count) {
        finished++;
        if (failure.get() == null) {
          try {
            task.run(index);
          } catch (RuntimeException | Error e) {
            failure.compareAndSet(null, e);
          }
        }
      }
      if (finished > 0 && completed.addAndGet(finished) == count) {
        LockSupport.unpark(caller);
      }
    }

    void await() {
      long spinUntil = System.nanoTime() + SPIN_NANOS;
      boolean interrupted = false;
      while (completed.get() < count) {
        if (System.nanoTime() < spinUntil) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
          // Kernels are short and must leave no half-written tensor behind.
          interrupted |= Thread.interrupted();
        }
      }
      if (interrupted) {
        caller.interrupt();
      }
    }

    void rethrow() {
      Throwable first = failure.get();
      if (first instanceof RuntimeException e) {
        throw e;
      }
      if (first instanceof Error e) {
        throw e;
      }
    }
  }

  /** Helps with calls; parks when there have been none for a while. */
  private final class Worker extends Thread {

    private volatile boolean parked;

    Worker(int number) {
      super("andante-compute-" + number);
      setDaemon(true);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      long spinUntil = System.nanoTime() + SPIN_NANOS;
      while (!closed) {
        Call call = callWithWork();
        if (call != null) {
          call.work();
          spinUntil = System.nanoTime() + SPIN_NANOS;
        } else if (System.nanoTime() < spinUntil) {
          Thread.onSpinWait();
        } else {
          parkUnlessCalled();
          spinUntil = System.nanoTime() + SPIN_NANOS;
        }
      }
    }

    /** A caller adds its call before it reads {@code parked}, so one of the two sees the other. */
    private void parkUnlessCalled() {
      parked = true;
      if (!closed && callWithWork() == null) {
        LockSupport.park(ComputePool.this);
      }
      parked = false;
    }

    private @Nullable Call callWithWork() {
      for (Call call : calls) {
        if (call.hasMore()) {
          return call;
        }
      }
      return null;
    }
  }
}
