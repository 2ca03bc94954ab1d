package dev.andante.qoe.batch;

import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.estimate.HorizonEstimator;
import dev.andante.qoe.estimate.Objective;
import dev.andante.qoe.estimate.QoeEstimator;

/**
 * How decisions are made.
 *
 * @param horizonSeconds Δt over which gains are predicted, positive; the mean time an answer takes
 *     is a good choice, and the outcome depends little on it
 * @param trigger share of the KV memory, in (0, 1], below which everything is let in if latency
 *     allows
 * @param hysteresis factor on the gain of those who run, at least 1
 * @param batchSizes how many sizes of batch are tried, at least 1
 */
public record BatchPolicy(
    QoeEstimator estimator,
    Objective objective,
    PreemptionRule preemption,
    StarvationBound starvation,
    double horizonSeconds,
    double trigger,
    double hysteresis,
    int batchSizes) {

  /**
   * Mean QoE v2, time at its price, the released code's Δt and trigger. Its hysteresis is 1.5; with
   * more, fewer contexts are computed again, since who leaves mostly waits for longer than Δt.
   */
  public static final BatchPolicy DEFAULT =
      new BatchPolicy(
          new HorizonEstimator(QoeMetric.V2),
          Objective.MEAN,
          new PreemptionRule.PricedTime(),
          new StarvationBound(60, 10, 0.05),
          50,
          0.9,
          2.5,
          8);

  public BatchPolicy {
    if (!(horizonSeconds > 0) || Double.isInfinite(horizonSeconds)) {
      throw new IllegalArgumentException("horizon must be positive, not " + horizonSeconds);
    }
    if (!(trigger > 0 && trigger <= 1)) {
      throw new IllegalArgumentException("trigger must be above 0 and at most 1, not " + trigger);
    }
    if (!(hysteresis >= 1) || Double.isInfinite(hysteresis) || batchSizes < 1) {
      throw new IllegalArgumentException(
          "hysteresis and batchSizes must be at least 1, not " + hysteresis + " and " + batchSizes);
    }
  }

  public BatchPolicy withEstimator(QoeEstimator other) {
    return new BatchPolicy(
        other, objective, preemption, starvation, horizonSeconds, trigger, hysteresis, batchSizes);
  }

  public BatchPolicy withObjective(Objective other) {
    return new BatchPolicy(
        estimator, other, preemption, starvation, horizonSeconds, trigger, hysteresis, batchSizes);
  }

  public BatchPolicy withPreemption(PreemptionRule other) {
    return new BatchPolicy(
        estimator, objective, other, starvation, horizonSeconds, trigger, hysteresis, batchSizes);
  }

  public BatchPolicy withStarvation(StarvationBound other) {
    return new BatchPolicy(
        estimator, objective, preemption, other, horizonSeconds, trigger, hysteresis, batchSizes);
  }

  public BatchPolicy withHorizon(double seconds) {
    return new BatchPolicy(
        estimator, objective, preemption, starvation, seconds, trigger, hysteresis, batchSizes);
  }

  public BatchPolicy withHysteresis(double factor) {
    return new BatchPolicy(
        estimator, objective, preemption, starvation, horizonSeconds, trigger, factor, batchSizes);
  }
}
