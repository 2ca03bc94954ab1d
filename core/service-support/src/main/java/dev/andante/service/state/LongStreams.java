package dev.andante.service.state;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Streams that live as long as their client, not as long as a piece of work. A drain cannot wait
 * for their end; it brings it about: each is ended once no work is under way on it and none has
 * been for a while, since between two steps of an answer there is none either.
 */
public final class LongStreams {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<Stream> open = new HashSet<>(); // guarded by lock
  private boolean over; // guarded by lock

  /** One stream. */
  public final class Stream {
    private final long quietNanos;
    private final Runnable ender;
    private int working; // guarded by lock
    private long lastWork = System.nanoTime(); // guarded by lock

    private Stream(Duration quiet, Runnable ender) {
      this.quietNanos = quiet.toNanos();
      this.ender = ender;
      lastWork -= quietNanos;
    }

    /** A piece of work came; false if the stream has ended, and then nothing may be sent on it. */
    public boolean begin() {
      lock.lock();
      try {
        if (!open.contains(this)) {
          return false;
        }
        working++;
        return true;
      } finally {
        lock.unlock();
      }
    }

    /** That piece is answered. */
    public void end() {
      lock.lock();
      try {
        working--;
        lastWork = System.nanoTime();
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** The client ended it, or is gone; false if it had ended before. */
    public boolean close() {
      lock.lock();
      try {
        changed.signalAll();
        return open.remove(this);
      } finally {
        lock.unlock();
      }
    }

    /** Nanoseconds until it may be ended; 0 = now. */
    private long nanosUntilQuiet(long now) {
      return working > 0 ? Long.MAX_VALUE : Math.max(0, lastWork + quietNanos - now);
    }
  }

  /**
   * A new stream; ended at once if a drain is past this point.
   *
   * @param quiet how long it must have been without work before a drain ends it
   * @param ender ends it; called once, on any thread, while no work is under way on it
   */
  public Stream open(Duration quiet, Runnable ender) {
    Stream stream = new Stream(quiet, ender);
    lock.lock();
    try {
      if (!over) {
        open.add(stream);
        return stream;
      }
    } finally {
      lock.unlock();
    }
    ender.run();
    return stream;
  }

  public int count() {
    lock.lock();
    try {
      return open.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends each stream as soon as it is quiet; false if some are not when {@code timeout} has passed,
   * or the thread is interrupted.
   */
  public boolean endWhenQuiet(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      List<Stream> quiet = new ArrayList<>();
      boolean last;
      lock.lock();
      try {
        long now = System.nanoTime();
        long next = Long.MAX_VALUE;
        for (Stream stream : open) {
          long left = stream.nanosUntilQuiet(now);
          next = Math.min(next, left);
          if (left == 0) {
            quiet.add(stream);
          }
        }
        open.removeAll(quiet);
        over = open.isEmpty();
        last = over;
        if (quiet.isEmpty() && !last) {
          if (now - deadline >= 0) {
            return false;
          }
          long _ = changed.awaitNanos(Math.min(next, deadline - now));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      } finally {
        lock.unlock();
      }
      quiet.forEach(stream -> stream.ender.run());
      if (last) {
        return true;
      }
    }
  }
}
