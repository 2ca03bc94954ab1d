package dev.andante.engine.scheduler;

import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.DecodeModel;

/**
 * How long steps take, learnt from those that were: a constant, so much for each row, and so much
 * for each pair of a row and a token that it attends to. A chunk of a prompt is rows like others.
 * Engine thread only.
 */
public final class StepTime {

  private final DecodeModel model;
  private long steps;

  public StepTime() {
    this(DecodeCoefficients.PRIOR);
  }

  /**
   * @param prior what to believe before anything was observed; every coefficient positive
   */
  public StepTime(DecodeCoefficients prior) {
    this.model = new DecodeModel(prior, DecodeModel.FORGETTING);
  }

  /** Learns from a step. */
  void observe(StepPlan plan, long nanos) {
    long rows = 0;
    long pairs = 0;
    for (ScheduledRequest one : plan.scheduled()) {
      rows += one.rows();
      pairs += pairs(one.context(), one.rows());
    }
    if (rows > 0 && model.observe(rows, pairs, nanos / 1e9)) {
      steps++;
    }
  }

  /** Steps that it learnt from. */
  public long steps() {
    return steps;
  }

  /** Coefficients in seconds: per step, per row, per pair. */
  public DecodeCoefficients cost() {
    return model.coefficients();
  }

  /**
   * What a prompt takes that has the engine to itself.
   *
   * @param computed tokens whose KV is there already
   * @param size all tokens
   * @param maxBatchTokens rows of a step
   * @return seconds
   */
  public double promptSeconds(int computed, int size, int maxBatchTokens) {
    int rows = size - computed;
    long steps = Math.ceilDiv(rows, maxBatchTokens);
    DecodeCoefficients cost = cost();
    return steps * cost.base()
        + cost.perRequest() * rows
        + cost.perContext() * pairs(computed, rows);
  }

  /**
   * What tokens of a prompt add to the steps that compute them.
   *
   * @param computed tokens before them
   * @return seconds
   */
  public double addedSeconds(int computed, int tokens) {
    DecodeCoefficients cost = cost();
    return cost.perRequest() * tokens + cost.perContext() * pairs(computed, tokens);
  }

  /** Pairs of so many new tokens and one they attend to, themselves included. */
  static long pairs(long context, long rows) {
    return rows * context + rows * (rows + 1) / 2;
  }
}
