package dev.andante.gateway.admission;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Lets in at most {@code maxConcurrent} answers at once; at most {@code maxQueued} wait, each
 * tenant and class for its share ({@link WaitingLine}). When the queue is full, a newcomer takes
 * the place of the latest of a lower class, or of one whose tenant has more waiting than its own: a
 * flood fills its own share of the queue only. Any thread; never blocks.
 */
public final class Admission {

  /** How much the latest request counts in the running mean of service times. */
  private static final double SMOOTHING = 0.1;

  private final int maxConcurrent;
  private final LongSupplier clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final WaitingLine line;
  private int running;
  private long arrivals;
  private double meanServiceSeconds = 1;

  /**
   * @param patience after so long in the queue a request may go before those of a higher class
   * @param clock as {@link System#nanoTime}
   */
  public Admission(int maxConcurrent, int maxQueued, Duration patience, LongSupplier clock) {
    this.maxConcurrent = maxConcurrent;
    this.line = new WaitingLine(maxQueued, patience);
    this.clock = clock;
  }

  /**
   * @param applicant more answers than the limit count as the limit
   * @throws ApiException 429 if the queue is full
   */
  public Ticket enqueue(Applicant applicant) {
    List<Ticket> called = new ArrayList<>();
    Ticket ticket;
    lock.lock();
    try {
      ticket = ticket(applicant);
      for (Ticket evicted : room(ticket)) {
        evict(evicted, applicant.priority());
        called.add(evicted);
      }
      line.add(ticket);
      admitNext(called);
    } finally {
      lock.unlock();
    }
    call(called);
    return ticket;
  }

  /**
   * Throws what {@link #enqueue} would throw now, so that nothing is spent on a request that cannot
   * get in.
   *
   * @throws ApiException 429 if the queue is full
   */
  public void check(Applicant applicant) {
    lock.lock();
    try {
      room(ticket(applicant));
    } finally {
      lock.unlock();
    }
  }

  /**
   * When its turn should come if it began to wait now, by the pace seen lately; 0 = at once.
   *
   * @return seconds; before any answer has ended, by a guess of one second for each
   */
  public double waitSeconds(Applicant applicant) {
    lock.lock();
    try {
      Ticket ticket = ticket(applicant);
      return fits(ticket)
          ? 0
          : seconds(Math.min(before(ticket.tenant()), line.queuedUpTo(applicant.priority())));
    } finally {
      lock.unlock();
    }
  }

  private Ticket ticket(Applicant applicant) {
    return new Ticket(
        this,
        applicant,
        line.tenant(applicant.tenant()),
        Math.min(applicant.answers(), maxConcurrent),
        ++arrivals,
        clock.getAsLong());
  }

  /** Who must leave the queue for it. */
  private List<Ticket> room(Ticket newcomer) {
    return fits(newcomer)
        ? List.of()
        : line.room(newcomer).orElseThrow(() -> full(newcomer.tenant()));
  }

  /** Whether it would be let in at once. */
  private boolean fits(Ticket newcomer) {
    return running + newcomer.weight() <= maxConcurrent
        && line.first(newcomer, newcomer.enqueuedNanos());
  }

  private void evict(Ticket ticket, PriorityClass by) {
    line.remove(ticket);
    line.leave(ticket);
    ticket.refuse(
        ApiException.saturated(
            by.compareTo(ticket.applicant().priority()) < 0
                ? DropReason.EVICTED_PRIORITY
                : DropReason.EVICTED_QUEUE_PRESSURE,
            estimate(ticket.tenant()),
            "The queue is full and others come first; try again after the time in Retry-After."));
  }

  private ApiException full(Tenant tenant) {
    return ApiException.saturated(
        DropReason.SATURATED,
        estimate(tenant),
        "The server is saturated: "
            + running
            + " answers are being generated and "
            + line.queued()
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
        case WAITING -> line.remove(ticket);
        case ADMITTED -> {
          running -= ticket.weight();
          double seconds = Math.max(0, clock.getAsLong() - ticket.admittedNanos()) / 1e9;
          meanServiceSeconds += SMOOTHING * (seconds - meanServiceSeconds);
        }
      }
      ticket.released();
      line.leave(ticket);
      admitNext(turns);
    } finally {
      lock.unlock();
    }
    call(turns);
  }

  private void admitNext(List<Ticket> turns) {
    long now = clock.getAsLong();
    Optional<Ticket> next = line.next(now);
    // One that is too heavy for what is free is not overtaken.
    while (next.isPresent() && running + next.get().weight() <= maxConcurrent) {
      Ticket ticket = next.get();
      line.take(ticket);
      running += ticket.weight();
      ticket.admit(now);
      turns.add(ticket);
      next = line.next(now);
    }
  }

  /** Outside of the lock: it runs their requests' next steps. */
  private static void call(List<Ticket> tickets) {
    tickets.forEach(Ticket::call);
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
      return line.queued();
    } finally {
      lock.unlock();
    }
  }

  /** What waits, in multiples of what is let in at once. */
  public double load() {
    return queued() / (double) maxConcurrent;
  }

  /** Tenants it remembers. */
  int tenants() {
    lock.lock();
    try {
      return line.tenants();
    } finally {
      lock.unlock();
    }
  }

  /**
   * When a place should be free for one of this tenant who comes then: what is before it, served at
   * the pace seen lately; at least a second.
   */
  public Duration retryAfter(String tenant) {
    lock.lock();
    try {
      return estimate(line.tenant(tenant));
    } finally {
      lock.unlock();
    }
  }

  private Duration estimate(Tenant tenant) {
    return Duration.ofSeconds((long) Math.clamp(Math.ceil(seconds(before(tenant))), 1, 600));
  }

  /** Tenants take turns, so nobody waits for more of each of the others' than for their own. */
  private long before(Tenant tenant) {
    long own = tenant.queued();
    return Math.min(line.queued(), own + (own + 1) * line.others(tenant));
  }

  private double seconds(long before) {
    return (before + 1.0) * meanServiceSeconds / maxConcurrent;
  }
}
