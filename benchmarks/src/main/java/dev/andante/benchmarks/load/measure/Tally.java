package dev.andante.benchmarks.load.measure;

import dev.andante.qoe.QoeMetric;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Adds up requests that ended. Thread-safe while it is filled; read when all requests have ended.
 *
 * <p>Requests due during warm-up are served and left out.
 */
public final class Tally {

  private final long startNanos;
  private final long countFromNanos;
  private final List<RequestResult> results = new ArrayList<>();
  private final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
  private final Latencies ttft = new Latencies();
  private final Latencies tbt = new Latencies();
  private final Latencies whole = new Latencies();
  private final Latencies sendLag = new Latencies();
  private final OverTime overTime;
  private long tokens;
  private long events;
  private long lastEndNanos;

  /**
   * @param startNanos of {@link System#nanoTime}
   */
  public Tally(long startNanos, double warmUpSeconds) {
    this.startNanos = startNanos;
    this.countFromNanos = startNanos + (long) (warmUpSeconds * 1e9);
    this.lastEndNanos = countFromNanos;
    this.overTime = new OverTime(startNanos);
  }

  /** Takes one that ended. */
  public synchronized void add(Reception reception) {
    overTime.add(reception);
    if (reception.dueNanos() < countFromNanos) {
      return;
    }
    results.add(result(reception));
    outcomes.merge(reception.outcome(), 1, Integer::sum);
    lastEndNanos = Math.max(lastEndNanos, reception.endNanos());
    if (reception.outcome() == Outcome.UNSENT) {
      return;
    }
    sendLag.add(reception.sentNanos() - reception.dueNanos());
    tokens += reception.tokens();
    Deliveries deliveries = reception.deliveries();
    events += deliveries.size();
    if (reception.hasTokens()) {
      ttft.add(reception.firstNanos() - reception.dueNanos());
    }
    for (int i = 1; i < deliveries.size(); i++) {
      tbt.add(deliveries.atNanos(i) - deliveries.atNanos(i - 1));
    }
    if (reception.outcome() == Outcome.COMPLETED) {
      whole.add(reception.endNanos() - reception.dueNanos());
    }
  }

  private RequestResult result(Reception reception) {
    Deliveries deliveries = reception.deliveries();
    double first = Double.NaN;
    double each = Double.NaN;
    if (reception.hasTokens()) {
      first = millis(reception.firstNanos() - reception.dueNanos());
      if (reception.tokens() > deliveries.tokens(0)) {
        long last = deliveries.atNanos(deliveries.size() - 1);
        each = millis(last - reception.firstNanos()) / (reception.tokens() - deliveries.tokens(0));
      }
    }
    return new RequestResult(
        reception.index(),
        millis(reception.dueNanos() - startNanos),
        millis(reception.sentNanos() - reception.dueNanos()),
        reception.outcome(),
        reception.status(),
        reception.error(),
        reception.demand(),
        reception.promptTokens(),
        reception.tokens(),
        first,
        each,
        millis(reception.endNanos() - reception.dueNanos()),
        reception.expectation(),
        reception.qoe(QoeMetric.V1),
        reception.qoe(QoeMetric.V2));
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }

  /** In the order in which they were due. */
  public synchronized List<RequestResult> results() {
    return results.stream().sorted(Comparator.comparingLong(RequestResult::index)).toList();
  }

  public synchronized int count(Outcome outcome) {
    return outcomes.getOrDefault(outcome, 0);
  }

  /** From due to the first token, of all that had one. */
  public Latencies ttft() {
    return ttft;
  }

  /** Between one delivery and the next. */
  public Latencies tbt() {
    return tbt;
  }

  /** From due to the end, of completed answers. */
  public Latencies whole() {
    return whole;
  }

  /** How late this client was. */
  public Latencies sendLag() {
    return sendLag;
  }

  public synchronized long tokens() {
    return tokens;
  }

  /** Deliveries of at least one token. */
  public synchronized long events() {
    return events;
  }

  /** From the end of warm-up to the last end. */
  public synchronized double seconds() {
    return (lastEndNanos - countFromNanos) / 1e9;
  }

  /** Warm-up included. */
  public OverTime overTime() {
    return overTime;
  }
}
