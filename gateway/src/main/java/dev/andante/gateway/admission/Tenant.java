package dev.andante.gateway.admission;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * What one tenant waits for and has got. All but {@link #charge} under the lock of its admission.
 */
final class Tenant {

  static final int PROMPT_TOKEN = 1;
  static final int GENERATED_TOKEN = 2;

  private final Map<PriorityClass, Deque<Ticket>> waiting = new EnumMap<>(PriorityClass.class);
  private final String name;
  private final AtomicLong served = new AtomicLong();
  private int queued;
  private int tickets;

  Tenant(String name) {
    this.name = name;
    for (PriorityClass priority : PriorityClass.values()) {
      waiting.put(priority, new ArrayDeque<>());
    }
  }

  String name() {
    return name;
  }

  /** The virtual token counter: who has the lowest one is next. */
  long served() {
    return served.get();
  }

  /** Any thread. */
  void charge(long cost) {
    served.addAndGet(cost);
  }

  /** Nobody saves up by not coming. */
  void liftTo(long least) {
    served.accumulateAndGet(least, Math::max);
  }

  /** Weight of those that wait. */
  int queued() {
    return queued;
  }

  /** Tickets that wait or run. */
  int tickets() {
    return tickets;
  }

  void enter() {
    tickets++;
  }

  void leave() {
    tickets--;
  }

  void add(Ticket ticket) {
    queue(ticket).add(ticket);
    queued += ticket.weight();
  }

  void remove(Ticket ticket) {
    if (queue(ticket).remove(ticket)) {
      queued -= ticket.weight();
    }
  }

  private Deque<Ticket> queue(Ticket ticket) {
    Deque<Ticket> queue = waiting.get(ticket.applicant().priority());
    if (queue == null) {
      throw new IllegalStateException("no queue for " + ticket.applicant());
    }
    return queue;
  }

  /** The oldest of each class. */
  Stream<Ticket> heads() {
    return waiting.values().stream().map(Deque::peekFirst).flatMap(t -> Stream.ofNullable(t));
  }

  /** All that wait. */
  Stream<Ticket> waiting() {
    return waiting.values().stream().flatMap(Deque::stream);
  }
}
