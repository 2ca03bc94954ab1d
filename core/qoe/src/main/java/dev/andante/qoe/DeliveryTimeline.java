package dev.andante.qoe;

import java.util.OptionalDouble;

/**
 * One request's deliveries, appended as they happen; constant memory. Defined for queued, running
 * and finished requests.
 *
 * <p>Instants are nanoseconds of the caller's clock, of which only differences count. A delivery
 * stamped before the previous one, or before submission, counts as at that time; asking about a
 * moment before the last delivery answers for the last delivery. Not thread-safe.
 */
public final class DeliveryTimeline {

  /** See the package's life cycle. */
  public enum State {
    QUEUED,
    RUNNING,
    FINISHED,
    ABORTED
  }

  private final long submittedNanos;
  private Reading reading;
  private State state = State.QUEUED;
  private double firstTokenSeconds;

  public DeliveryTimeline(QoeSpec spec, long submittedNanos) {
    this(Reading.none(spec), submittedNanos);
  }

  /**
   * @param nothing what was delivered so far
   */
  public DeliveryTimeline(Reading nothing, long submittedNanos) {
    this.submittedNanos = submittedNanos;
    this.reading = nothing;
  }

  /** One token was delivered. */
  public void delivered(long nowNanos) {
    delivered(nowNanos, 1);
  }

  /**
   * Several tokens were delivered at once, as speculation does.
   *
   * @param tokens at least 1
   * @throws IllegalStateException if the request is over
   */
  public void delivered(long nowNanos, int tokens) {
    if (over()) {
      throw new IllegalStateException("a token after the request was " + state);
    }
    if (tokens < 1) {
      throw new IllegalArgumentException("tokens must be at least 1, not " + tokens);
    }
    double age = ageSeconds(nowNanos);
    if (state == State.QUEUED) {
      firstTokenSeconds = age;
      state = State.RUNNING;
    }
    reading = reading.with(age, 0, tokens);
  }

  /** The answer is complete, or its reader has had enough. No effect if the request is over. */
  public void finish() {
    end(State.FINISHED);
  }

  /**
   * The request was rejected, failed or was given up by us: its QoE is 0 whatever was delivered, so
   * that dropping work never flatters. No effect if the request is over.
   */
  public void abort() {
    end(State.ABORTED);
  }

  private void end(State last) {
    if (!over()) {
      state = last;
    }
  }

  private boolean over() {
    return state == State.FINISHED || state == State.ABORTED;
  }

  /**
   * QoE at a moment. Queued or running: an upper bound ({@link QoeMetric#midFlight}); finished:
   * final; aborted, or finished without a token: 0.
   */
  public double qoe(QoeMetric metric, long nowNanos) {
    return switch (state) {
      case QUEUED, RUNNING -> metric.midFlight(reading, ageSeconds(nowNanos));
      case FINISHED -> metric.of(reading);
      case ABORTED -> 0;
    };
  }

  /** How long after {@code nowNanos} the reader runs dry if nothing more comes. */
  public double slackSeconds(long nowNanos) {
    return reading.slackSeconds(ageSeconds(nowNanos));
  }

  /** Seconds from submission to the first token, empty before it came. */
  public OptionalDouble firstTokenSeconds() {
    return reading.tokens() == 0 ? OptionalDouble.empty() : OptionalDouble.of(firstTokenSeconds);
  }

  public State state() {
    return state;
  }

  public long submittedNanos() {
    return submittedNanos;
  }

  /** What was delivered so far, as a value. */
  public Reading reading() {
    return reading;
  }

  private double ageSeconds(long nowNanos) {
    return Math.max((nowNanos - submittedNanos) / 1e9, reading.lastArrivalSeconds());
  }
}
