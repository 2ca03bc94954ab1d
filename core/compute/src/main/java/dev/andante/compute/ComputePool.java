package dev.andante.compute;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The threads that kernels run on: one pool per JVM, shared by all roles in it. The calling thread
 * always takes part and never waits for a helper to start, so a pool of one adds no thread, callers
 * that meet here make progress whatever the others do, and a call may be made from inside a task.
 *
 * <p>Work is split into tasks whose results do not depend on which thread runs them, so results do
 * not depend on the pool's size. The indices of a call are split evenly among the threads, in
 * order, the caller's first; whoever is done with its own takes those of others. So what a thread
 * wrote in one operation it mostly reads in the next, if both split their work the same way, out of
 * its own cache, and indices that it takes follow each other.
 *
 * <p>Waiting is a bounded spin, because the next operation of a forward pass usually follows within
 * microseconds, and then parking: cores shared with other processes are given back. Helpers spin
 * longer while nobody else wants their core, see {@link Patience}.
 *
 * <p>Callers and helpers together are never more than the pool's threads while there are no more
 * callers than that: of two engines on two cores each computes alone. A helper more would share a
 * core with a caller, and whoever waits for its task would wait for its turn on that core.
 */
public final class ComputePool implements AutoCloseable {

  /** A piece of work, {@code 0 <= index < count}. */
  @FunctionalInterface
  public interface Task {
    void run(int index);
  }

  private static final long SPIN_NANOS = 30_000;

  /** A caller between two operations keeps its core this long, and helpers stay away from it. */
  private static final long CALLER_NANOS = 100_000;

  private final int threads;
  private final Worker[] workers;
  private final ThreadLocal<Call> own = ThreadLocal.withInitial(this::register);

  /** One for each thread that ever called and lives; replaced, never changed. */
  private volatile Call[] calls = new Call[0];

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
    Call call = own.get();
    if (call.isOpen()) { // called from inside a task
      for (int i = 0; i < count; i++) {
        task.run(i);
      }
      return;
    }
    call.open(count, task);
    helpers = Math.min(helpers, helpersWelcome());
    for (int i = 0; i < helpers; i++) {
      workers[i].wake();
    }
    call.work(0, ComputePool::always);
    call.await();
    call.close();
  }

  private static boolean always() {
    return true;
  }

  /** Threads of the pool that no caller occupies: helpers with higher numbers keep away. */
  private int helpersWelcome() {
    long now = System.nanoTime();
    int callers = 0;
    for (Call call : calls) {
      if (call.occupiesCore(now)) {
        callers++;
      }
    }
    return threads - callers;
  }

  private synchronized Call register() {
    Call made = new Call(Thread.currentThread(), threads);
    List<Call> living = new ArrayList<>();
    for (Call call : calls) {
      if (call.caller.isAlive()) {
        living.add(call);
      }
    }
    living.add(made);
    calls = living.toArray(Call[]::new);
    return made;
  }

  /** Ends the threads; calls under way complete. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      worker.wake();
    }
  }

  /**
   * The calls of {@link #run} of one thread, one after the other, shared with whoever helps;
   * reused, so that a call makes no garbage.
   *
   * <p>There is a lane of indices for each thread of the pool. {@code lanes} holds for each the
   * number of the call with the next index, and where the lane ends. An index is taken by changing
   * the first, which fails if the call ended meanwhile, as the next one has another number; while a
   * lane is made ready for that, it has no index.
   */
  private static final class Call {

    private static final int INDEX_BITS = 32;

    /** A lane has a cache line of its own, and the one that processors fetch with it. */
    private static final int LANE_LONGS = 16;

    private static final long NO_INDEX = Integer.MAX_VALUE;

    private final Thread caller;
    private final int width;
    private final AtomicLongArray lanes;
    private long number;
    private final AtomicInteger completed = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile int count;
    private volatile @Nullable Task task;
    private volatile long closedAt = System.nanoTime() - CALLER_NANOS;

    /**
     * @param width lanes
     */
    Call(Thread caller, int width) {
      this.caller = caller;
      this.width = width;
      this.lanes = new AtomicLongArray(width * LANE_LONGS);
    }

    boolean occupiesCore(long now) {
      return isOpen() || now - closedAt < CALLER_NANOS;
    }

    boolean isOpen() {
      return task != null;
    }

    void open(int indices, Task work) {
      count = indices;
      task = work;
      completed.set(0);
      failure.set(null);
      number++;
      for (int lane = 0; lane < width; lane++) {
        int at = lane * LANE_LONGS;
        lanes.setRelease(at, number << INDEX_BITS | NO_INDEX);
        lanes.setRelease(at + 1, (long) indices * (lane + 1) / width);
        // Seen by all before the caller looks who is parked.
        lanes.set(at, number << INDEX_BITS | (long) indices * lane / width);
      }
    }

    /** Whether an index is left, in lane {@code own} or another. */
    boolean hasMore(int own) {
      for (int i = 0; i < width; i++) {
        int at = (own + i) % width * LANE_LONGS;
        if ((int) lanes.get(at) < lanes.get(at + 1)) {
          return true;
        }
      }
      return false;
    }

    /**
     * Takes indices, those of lane {@code own} first, until none is left or, asked before each,
     * {@code goOn} says no.
     */
    void work(int own, BooleanSupplier goOn) {
      int finished = 0;
      for (int i = 0; i < width; i++) {
        int at = (own + i) % width * LANE_LONGS;
        while (goOn.getAsBoolean()) {
          long seen = lanes.get(at);
          int index = (int) seen;
          if (index >= lanes.get(at + 1)) {
            break;
          }
          if (lanes.compareAndSet(at, seen, seen + 1)) {
            finished++;
            runUnlessFailed(index);
          }
        }
      }
      if (finished > 0) {
        int all = count; // the call cannot end before what was taken is counted
        if (completed.addAndGet(finished) == all) {
          LockSupport.unpark(caller);
        }
      }
    }

    private void runUnlessFailed(int index) {
      Task work = task;
      if (work != null && failure.get() == null) {
        try {
          work.run(index);
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
        }
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

    /** Makes way for the next call; rethrows the first failure. */
    void close() {
      closedAt = System.nanoTime();
      task = null;
      Throwable first = failure.get();
      if (first instanceof RuntimeException e) {
        throw e;
      }
      if (first instanceof Error e) {
        throw e;
      }
    }
  }

  /** Helps with calls; parks when there have been none for a while, or callers need its core. */
  private final class Worker extends Thread {

    private final int number;
    private final BooleanSupplier welcome = this::isWelcome;
    private final Patience patience = new Patience(System.nanoTime());
    private volatile boolean parked;

    /**
     * @param number from 1
     */
    Worker(int number) {
      super("andante-compute-" + number);
      this.number = number;
      setDaemon(true);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      while (!closed) {
        boolean isWelcome = isWelcome();
        Call call = isWelcome ? callWithWork() : null;
        if (call != null) {
          call.work(number, welcome);
          patience.restart(System.nanoTime());
        } else if (isWelcome && patience.lasts(System.nanoTime())) {
          Thread.onSpinWait();
        } else {
          parkUnlessCalled();
          patience.restart(System.nanoTime());
        }
      }
    }

    private boolean isWelcome() {
      return number <= helpersWelcome();
    }

    /** A caller adds its call before it reads {@code parked}, so one of the two sees the other. */
    private void parkUnlessCalled() {
      parked = true;
      if (!closed && !(isWelcome() && callWithWork() != null)) {
        LockSupport.park(ComputePool.this);
      }
      parked = false;
    }

    /** Of several calls, helpers begin with different ones. */
    private @Nullable Call callWithWork() {
      Call[] all = calls;
      for (int i = 0; i < all.length; i++) {
        Call call = all[(number + i) % all.length];
        if (call.hasMore(number)) {
          return call;
        }
      }
      return null;
    }
  }
}
