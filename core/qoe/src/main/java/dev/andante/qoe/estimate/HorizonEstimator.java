package dev.andante.qoe.estimate;

import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.Reading;

/**
 * Extends the delivery timeline and applies a definition of QoE. Constant time.
 *
 * <ul>
 *   <li>Served: a request that decodes gets a token every {@code latency} from now on; one without
 *       a token gets its first when its prefill is done; one that was preempted resumes first.
 *   <li>Waiting: the same, a horizon later.
 *   <li>Both are judged over the same tokens: those due at the horizon, and at least one more than
 *       were delivered. Then waiting is never better than being served (under v2), it costs nothing
 *       exactly if the buffer outlasts the wait, and a request without a token has a value too.
 * </ul>
 *
 * <p>The published algorithm leaves open what a request without a token is judged over, and judges
 * a served request over more tokens than a waiting one, which dilutes old delays; judging over the
 * same tokens is our choice.
 */
public record HorizonEstimator(QoeMetric metric) implements QoeEstimator {

  @Override
  public double now(Outlook outlook) {
    return metric.midFlight(outlook.reading(), outlook.ageSeconds());
  }

  @Override
  public double ifServed(Outlook outlook, double latencySeconds, double horizonSeconds) {
    return after(0, outlook, latencySeconds, horizonSeconds);
  }

  @Override
  public double ifWaiting(Outlook outlook, double latencySeconds, double horizonSeconds) {
    return after(horizonSeconds, outlook, latencySeconds, horizonSeconds);
  }

  private double after(
      double idleSeconds, Outlook outlook, double latencySeconds, double horizonSeconds) {
    Reading reading = outlook.reading();
    long due = reading.spec().dueTokens(outlook.ageSeconds() + horizonSeconds);
    long judged = Math.max(reading.tokens() + 1, due);
    double untilNext = outlook.startSeconds() + (reading.tokens() == 0 ? 0 : latencySeconds);
    double first = outlook.ageSeconds() + idleSeconds + untilNext;
    return metric.of(reading.with(first, latencySeconds, judged - reading.tokens()));
  }
}
