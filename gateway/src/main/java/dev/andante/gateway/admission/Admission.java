package dev.andante.gateway.admission;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets in at most {@code maxConcurrent} answers at once, first come first served; at most {@code
 * maxQueued} wait. Any thread; never blocks.
 */
public final class Admission {

  /** How much the latest request counts in the running mean of service times. */
  private static final double SMOOTHING = 0.1;

  private final int maxConcurrent;
  private final int maxQueued;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Ticket> waiting = new ArrayDeque<>();
  private int running;
  private int queued;
  private double meanServiceSeconds = 1;

  public Admission(int maxConcurrent, int maxQueued) {
    this.maxConcurrent = maxConcurrent;
    this.maxQueued = maxQueued;
  }

  /**
   * @param answers how many the request asks for; more than the limit count as the limit
   * @throws ApiException 429 if the queue is full
   */
  public Ticket enqueue(int answers) {
    Ticket ticket = new Ticket(this, Math.min(answers, maxConcurrent));
    lock.lock();
    try {
      if (waiting.isEmpty() && running + ticket.weight() <= maxConcurrent) {
        admit(ticket);
      } else if (queued + ticket.weight() <= maxQueued) {
        waiting.add(ticket);
        queued += ticket.weight();
        return ticket;
      } else {
        throw full();
      }
    } finally {
      lock.unlock();
    }
    ticket.call();
    return ticket;
  }

  /**
   * Throws what {@link #enqueue} would throw now, so that nothing is spent on a request that cannot
   * get in.
   *
   * @throws ApiException 429 if the queue is full
   */
  public void check(int answers) {
    int weight = Math.min(answers, maxConcurrent);
    lock.lock();
    try {
      boolean free = waiting.isEmpty() && running + weight <= maxConcurrent;
      if (!free && queued + weight > maxQueued) {
        throw full();
      }
    } finally {
      lock.unlock();
    }
  }

  private ApiException full() {
    return ApiException.saturated(
        DropReason.SATURATED,
        estimate(),
        "The server is saturated: "
            + running
            + " answers are being generated and "
            + queued
            + " wait; try again after the time in Retry-After.");
  }

  void release(Ticket ticket) {
    List<Ticket> turns = new ArrayList<>();
    lock.lock();
    try {
      switch (ticket.state()) {
        case RELEASED -> {
          return;
        }
        case WAITING -> {
          waiting.remove(ticket);
          queued -= ticket.weight();
        }
        case ADMITTED -> {
          running -= ticket.weight();
          double seconds = (System.nanoTime() - ticket.admittedNanos()) / 1e9;
          meanServiceSeconds += SMOOTHING * (seconds - meanServiceSeconds);
        }
      }
      ticket.state(Ticket.State.RELEASED);
      while (!waiting.isEmpty() && running + waiting.element().weight() <= maxConcurrent) {
        Ticket next = waiting.remove();
        queued -= next.weight();
        admit(next);
        turns.add(next);
      }
    } finally {
      lock.unlock();
    }
    turns.forEach(Ticket::call); // outside the lock: it runs the request's next step
  }

  private void admit(Ticket ticket) {
    running += ticket.weight();
    ticket.state(Ticket.State.ADMITTED);
  }

  public int running() {
    lock.lock();
    try {
      return running;
    } finally {
      lock.unlock();
    }
  }

  public int queued() {
    lock.lock();
    try {
      return queued;
    } finally {
      lock.unlock();
    }
  }

  /**
   * When a place should be free for one who comes then: what is before it, served at the pace seen
   * lately; at least a second.
   */
  public Duration retryAfter() {
    lock.lock();
    try {
      return estimate();
    } finally {
      lock.unlock();
    }
  }

  private Duration estimate() {
    double seconds = (queued + 1.0) * meanServiceSeconds / maxConcurrent;
    return Duration.ofSeconds((long) Math.clamp(Math.ceil(seconds), 1, 600));
  }
}
