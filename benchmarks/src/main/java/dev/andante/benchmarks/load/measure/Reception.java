package dev.andante.benchmarks.load.measure;

import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.qoe.DeliveryTimeline;
import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.QoeSpec;

/**
 * One request from when it is due until it ended. Instants are of {@link System#nanoTime}. May be
 * written by any thread; read once it ended.
 */
public final class Reception {

  private final long index;
  private final Demand demand;
  private final QoeSpec expectation;
  private final long dueNanos;
  private final DeliveryTimeline timeline;
  private final Deliveries deliveries = new Deliveries();
  private long sentNanos;
  private long endNanos;
  private int promptTokens = -1;
  private int tokens;
  private boolean ended;
  private Outcome outcome = Outcome.UNSENT;
  private int status;
  private String error = "";

  public Reception(long index, Demand demand, QoeSpec expectation, long dueNanos) {
    this.index = index;
    this.demand = demand;
    this.expectation = expectation;
    this.dueNanos = dueNanos;
    this.sentNanos = dueNanos;
    this.endNanos = dueNanos;
    this.timeline = new DeliveryTimeline(expectation, dueNanos);
  }

  public void sent(long nowNanos) {
    sentNanos = nowNanos;
  }

  /** At least one token came; too late if the request has ended. */
  public synchronized void delivered(long nowNanos, int count) {
    if (ended) {
      return;
    }
    timeline.delivered(nowNanos, count);
    deliveries.add(nowNanos, count);
    tokens += count;
  }

  /** The server counted the prompt's tokens. */
  public void countedPrompt(int count) {
    promptTokens = count;
  }

  /**
   * Nothing more comes.
   *
   * @param httpStatus 0 = none came
   * @param why empty where it completed
   */
  public synchronized void end(long nowNanos, Outcome how, int httpStatus, String why) {
    ended = true;
    endNanos = nowNanos;
    outcome = how;
    status = httpStatus;
    error = why;
    if (how == Outcome.COMPLETED) {
      timeline.finish();
    } else {
      timeline.abort();
    }
  }

  public long index() {
    return index;
  }

  public Demand demand() {
    return demand;
  }

  public QoeSpec expectation() {
    return expectation;
  }

  public Outcome outcome() {
    return outcome;
  }

  public int status() {
    return status;
  }

  public String error() {
    return error;
  }

  /** Tokens that came. */
  public int tokens() {
    return tokens;
  }

  /** As the server counted them, -1 if it did not say. */
  public int promptTokens() {
    return promptTokens;
  }

  public long dueNanos() {
    return dueNanos;
  }

  public long sentNanos() {
    return sentNanos;
  }

  public long endNanos() {
    return endNanos;
  }

  public boolean hasTokens() {
    return deliveries.size() > 0;
  }

  /** When the first token came, the end if none did. */
  public long firstNanos() {
    return hasTokens() ? deliveries.atNanos(0) : endNanos;
  }

  Deliveries deliveries() {
    return deliveries;
  }

  double qoe(QoeMetric metric) {
    return timeline.qoe(metric, endNanos);
  }
}
