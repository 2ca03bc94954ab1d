package dev.andante.engine.scheduler;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.request.Request;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The most urgent first, equals by arrival. A request that went without a step for too long goes
 * before all that did not, until it is over; of several such the earlier arrival is first. So no
 * request waits longer than that and what those take which have waited as long.
 */
public final class ByPriority implements SchedulingPolicy {

  /** How long a request may go without a step, unless told otherwise. */
  public static final Duration STARVATION = Duration.ofSeconds(30);

  /** Priorities beyond are as this one: levels have a meaning at both ends. */
  private static final int MOST = 1_000_000;

  private static final class Entry {
    long ranAt;
    boolean starved;
  }

  private final long starvationNanos;
  private final LongSupplier nanoTime;
  private final EngineObserver observer;
  private final Map<Request, Entry> entries = new LinkedHashMap<>();

  /**
   * @param starvation how long a request may go without a step
   * @param observer hears of those that went longer
   */
  public ByPriority(Duration starvation, LongSupplier nanoTime, EngineObserver observer) {
    this.starvationNanos = starvation.toNanos();
    this.nanoTime = nanoTime;
    this.observer = observer;
  }

  @Override
  public void arrived(Request request) {
    Entry entry = new Entry();
    entry.ranAt = nanoTime.getAsLong();
    entries.put(request, entry);
  }

  @Override
  public void planning() {
    long now = nanoTime.getAsLong();
    for (Entry entry : entries.values()) {
      if (!entry.starved && now - entry.ranAt >= starvationNanos) {
        entry.starved = true;
        observer.onPromotion();
      }
    }
  }

  @Override
  public int level(Request request) {
    Entry entry = entries.get(request);
    return entry != null && entry.starved
        ? Integer.MIN_VALUE
        : -Math.clamp(request.standing().priority(), -MOST, MOST);
  }

  @Override
  public void ran(StepPlan plan, long nanos) {
    long now = nanoTime.getAsLong();
    for (ScheduledRequest scheduled : plan.scheduled()) {
      Entry entry = entries.get(scheduled.request());
      if (entry != null) {
        entry.ranAt = now;
      }
    }
  }

  @Override
  public void left(Request request) {
    entries.remove(request);
  }
}
