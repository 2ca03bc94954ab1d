package dev.andante.simulator.events;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * What will happen, by time and, at one time, in the order in which it was scheduled; and the
 * virtual clock, which stands at the event that happened last. One thread.
 *
 * @param <E> events
 */
public final class EventQueue<E> {

  private record Scheduled<E>(long nanos, long sequence, E event) {}

  private final PriorityQueue<Scheduled<E>> queue =
      new PriorityQueue<>(
          Comparator.comparingLong((Scheduled<E> one) -> one.nanos)
              .thenComparingLong(one -> one.sequence));
  private long now;
  private long scheduled;

  /** Nanoseconds since the simulation began. */
  public long nanoTime() {
    return now;
  }

  /**
   * @throws IllegalArgumentException if the time is past
   */
  public void schedule(long nanos, E event) {
    if (nanos < now) {
      throw new IllegalArgumentException("at " + now + " ns, " + nanos + " ns is past");
    }
    queue.add(new Scheduled<>(nanos, scheduled++, event));
  }

  public boolean isEmpty() {
    return queue.isEmpty();
  }

  /**
   * Moves the clock to the next event and gives it.
   *
   * @throws java.util.NoSuchElementException if nothing will happen any more
   */
  public E next() {
    Scheduled<E> next = queue.remove();
    now = next.nanos();
    return next.event();
  }
}
