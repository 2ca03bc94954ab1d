package dev.andante.engine.runtime;

import dev.andante.engine.EngineException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Messages from any thread to the engine thread, in order, bounded. */
final class Mailbox {

  /**
   * @param action runs on the engine thread
   * @param refusal runs instead, on whatever thread, if the engine ends first
   */
  record Message(Runnable action, Consumer<EngineException> refusal) {}

  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final ArrayDeque<Message> messages = new ArrayDeque<>();
  private boolean woken;
  private @Nullable EngineException closed;

  Mailbox(int capacity) {
    this.capacity = capacity;
  }

  /**
   * Adds a message, or refuses it at once when full or closed.
   *
   * @param always whether to take it even when full: for those that free something
   */
  void post(Message message, boolean always) {
    EngineException refused = offer(message, always);
    if (refused != null) {
      message.refusal().accept(refused);
    }
  }

  private @Nullable EngineException offer(Message message, boolean always) {
    lock.lock();
    try {
      if (closed != null) {
        return closed;
      }
      if (!always && messages.size() >= capacity) {
        return new EngineException(
            EngineException.Code.SATURATED,
            "more than " + capacity + " messages wait for the engine; slow down");
      }
      messages.add(message);
      arrived.signal();
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Moves every message to {@code target}. */
  void drainTo(Collection<Message> target) {
    lock.lock();
    try {
      target.addAll(messages);
      messages.clear();
      woken = false;
    } finally {
      lock.unlock();
    }
  }

  /** Ends a wait in progress, or the next one. */
  void wake() {
    lock.lock();
    try {
      woken = true;
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a message, but not longer than this. */
  void await(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while (messages.isEmpty() && !woken && left > 0) {
        left = arrived.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Refuses what is left and whatever comes later. */
  void close(EngineException reason) {
    List<Message> left;
    lock.lock();
    try {
      closed = reason;
      left = new ArrayList<>(messages);
      messages.clear();
    } finally {
      lock.unlock();
    }
    for (Message message : left) {
      message.refusal().accept(reason);
    }
  }

  static long millis(long count) {
    return TimeUnit.MILLISECONDS.toNanos(count);
  }
}
