package dev.andante.simulator.serving;

import dev.andante.qoe.DeliveryTimeline;
import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpec;
import dev.andante.simulator.trace.TraceRequest;

/** One request and its reader. Times are nanoseconds of the virtual clock. */
final class Session {

  private static final long NEVER = -1;

  private final int index;
  private final TraceRequest trace;
  private final long arrived;
  private final DeliveryTimeline timeline;
  private long lastToken = NEVER;
  private int tokens;

  Session(int index, TraceRequest trace, long arrived) {
    this.index = index;
    this.trace = trace;
    this.arrived = arrived;
    this.timeline = new DeliveryTimeline(spec(trace), arrived);
  }

  private static QoeSpec spec(TraceRequest trace) {
    return QoeSpec.resolve(trace.inputTokens(), QoeOverride.NONE, QoeOverride.NONE, trace.reader());
  }

  int index() {
    return index;
  }

  TraceRequest trace() {
    return trace;
  }

  long arrived() {
    return arrived;
  }

  DeliveryTimeline timeline() {
    return timeline;
  }

  /** Tokens delivered. */
  int tokens() {
    return tokens;
  }

  /**
   * The reader gets a token.
   *
   * @return seconds since the one before, or NaN for the first
   */
  double deliver(long now) {
    double gap = lastToken == NEVER ? Double.NaN : (now - lastToken) / 1e9;
    timeline.delivered(now);
    lastToken = now;
    tokens++;
    return gap;
  }

  RequestOutcome outcome(boolean rejected, long now) {
    return new RequestOutcome(
        index,
        rejected,
        tokens,
        timeline.qoe(QoeMetric.V1, now),
        timeline.qoe(QoeMetric.V2, now),
        timeline.firstTokenSeconds(),
        (now - arrived) / 1e9);
  }
}
