package dev.andante.engine.scheduler;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.request.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * FastServe's skip-join multi-level feedback queues (arXiv 2305.05920): short answers first,
 * without knowing which they are.
 *
 * <ul>
 *   <li>Queue j has the quantum {@code quantum · growth^j}. A request joins the first queue whose
 *       quantum its prompt fits into, at the back.
 *   <li>Once it has run for longer than its quantum it goes to the front of the next queue. Until
 *       then it keeps its place, and so goes on unless something comes that ranks higher.
 *   <li>Every {@code period} steps, who went without a step for too long comes to the front of the
 *       first queue, the longest wait first.
 * </ul>
 *
 * In the first queue nobody takes a place from anybody, but whoever runs there leaves it within its
 * quantum and one step. That bounds how long a request goes without a step.
 */
public final class SkipJoinMlfq implements SchedulingPolicy {

  /** How long a request may go without a step, unless told otherwise. */
  public static final Duration STARVATION = Duration.ofSeconds(3);

  private static final class Entry {
    final Request request;
    int level;
    long position;
    long usedNanos;
    long ranAt;

    Entry(Request request) {
      this.request = request;
    }
  }

  /** The shortest wait first; so the longest is put to the front last. */
  private static final Comparator<Entry> BY_WAIT =
      Comparator.<Entry>comparingLong(entry -> entry.ranAt)
          .thenComparingLong(entry -> entry.request.arrival())
          .reversed();

  private final Scheduling parameters;
  private final long starvationNanos;
  private final int maxBatchTokens;
  private final StepTime stepTime;
  private final LongSupplier nanoTime;
  private final EngineObserver observer;
  private final Map<Request, Entry> entries = new LinkedHashMap<>();
  private long front;
  private long back;
  private long steps;

  /**
   * @param maxBatchTokens rows of a step, into which prompts are cut
   * @param stepTime what a prompt takes
   * @param observer hears of those that change queues
   */
  public SkipJoinMlfq(
      Scheduling parameters,
      int maxBatchTokens,
      StepTime stepTime,
      LongSupplier nanoTime,
      EngineObserver observer) {
    this.parameters = parameters;
    this.starvationNanos = parameters.starvationOr(STARVATION).toNanos();
    this.maxBatchTokens = maxBatchTokens;
    this.stepTime = stepTime;
    this.nanoTime = nanoTime;
    this.observer = observer;
  }

  @Override
  public void arrived(Request request) {
    Entry entry = new Entry(request);
    double nanos = 1e9 * stepTime.promptSeconds(request.computed(), request.size(), maxBatchTokens);
    while (quantum(entry.level) < nanos) {
      entry.level++;
    }
    entry.position = back++;
    entry.ranAt = nanoTime.getAsLong();
    entries.put(request, entry);
  }

  @Override
  public void planning() {
    if (++steps % parameters.period() == 0) {
      promote();
    }
  }

  private void promote() {
    long now = nanoTime.getAsLong();
    List<Entry> starved = new ArrayList<>();
    for (Entry entry : entries.values()) {
      if (now - entry.ranAt >= starvationNanos) {
        starved.add(entry);
      }
    }
    starved.sort(BY_WAIT);
    for (Entry entry : starved) {
      if (entry.level > 0) {
        observer.onPromotion();
      }
      entry.level = 0;
      entry.usedNanos = 0;
      entry.position = --front;
    }
  }

  @Override
  public int level(Request request) {
    return entry(request).level;
  }

  @Override
  public long position(Request request) {
    return entry(request).position;
  }

  @Override
  public void ran(StepPlan plan, long nanos) {
    long now = nanoTime.getAsLong();
    // From the last to the first, so that those who move to a front together keep their order.
    for (ScheduledRequest scheduled : plan.scheduled().reversed()) {
      Entry entry = entries.get(scheduled.request());
      if (entry != null) {
        entry.ranAt = now;
        entry.usedNanos += nanos;
        demote(entry);
      }
    }
  }

  private void demote(Entry entry) {
    if (entry.usedNanos > quantum(entry.level)) {
      entry.level++;
      entry.usedNanos = 0;
      entry.position = --front;
      observer.onDemotion();
    }
  }

  @Override
  public void left(Request request) {
    entries.remove(request);
  }

  /** Nanoseconds; grows beyond all that a request can use before the level could overflow. */
  private double quantum(int level) {
    return parameters.quantum().toNanos() * Math.pow(parameters.growth(), level);
  }

  private Entry entry(Request request) {
    Entry entry = entries.get(request);
    if (entry == null) {
      throw new IllegalStateException(request.attempt() + " has not arrived");
    }
    return entry;
  }
}
