package dev.andante.qoe.latency;

import java.util.Arrays;

/**
 * Recursive least squares with forgetting for a sum of three non-negative terms, in information
 * form.
 *
 * <ul>
 *   <li>Everything is relative to the prior: a term is its share of the prior's prediction, a
 *       sample the ratio to it. So nothing needs scaling.
 *   <li>Errors count relative to what was predicted, so short and long samples count alike.
 *   <li>A sample that deviates more than usual counts as one at the edge of the usual (Huber): a
 *       pause of the garbage collector moves little. When several in a row lie beyond the edge on
 *       one side, the machine has become slower or faster: all that is known is scaled by how much.
 *   <li>A weak pull towards a slowly moving centre, the prior at first and what was learnt later,
 *       keeps what the samples of the moment cannot tell apart.
 * </ul>
 *
 * One thread observes.
 */
final class LatencyFit {

  static final int TERMS = 3;

  /** How many usual deviations a sample may deviate before it counts for less. */
  private static final double EDGE = 2.5;

  private static final double SPREAD_RATE = 0.05;

  /** So many samples in a row beyond the edge on one side are no accident. */
  private static final int SHIFT_SAMPLES = 7;

  /** Timers and caches jitter at least this much. */
  private static final double LEAST_SPREAD = 1e-3;

  /** Below this share of the prior, samples are no longer weighed up. */
  private static final double LEAST_SCALE = 0.01;

  private static final double PULL = 1e-3;
  private static final double CENTRE_RATE = 0.01;

  private final double[] prior;
  private final double forgetting;
  private final double[][] information = new double[TERMS][TERMS];
  private final double[] evidence = new double[TERMS];
  private final double[] centre = {1, 1, 1};
  private double[] factors = {1, 1, 1};
  private double spread = 1;

  /** Samples in a row beyond the edge on one side, and the sum of their logarithms. */
  private int beyondInARow;

  private double sumInARow;

  /**
   * @param prior coefficients to start from, positive
   * @param forgetting how much of a sample's weight is left one sample later, above 0, at most 1
   */
  LatencyFit(double[] prior, double forgetting) {
    for (double coefficient : prior) {
      if (!(coefficient > 0)) {
        throw new IllegalArgumentException(
            "a prior's coefficients must be positive, not " + Arrays.toString(prior));
      }
    }
    if (!(forgetting > 0 && forgetting <= 1)) {
      throw new IllegalArgumentException(
          "forgetting must be above 0 and at most 1, not " + forgetting);
    }
    this.prior = prior.clone();
    this.forgetting = forgetting;
  }

  /**
   * @return whether the sample was used: a duration that is not positive and finite was not
   *     measured by a sane clock
   */
  boolean observe(double[] terms, double seconds) {
    if (!(seconds > 0) || Double.isInfinite(seconds)) {
      return false;
    }
    double expected = dot(prior, terms);
    double[] shares = new double[TERMS];
    for (int i = 0; i < TERMS; i++) {
      shares[i] = prior[i] * terms[i] / expected;
    }
    double ratio = seconds / expected;
    double doubt = doubt(ratio, dot(factors, shares));
    double scale = Math.max(dot(factors, shares), LEAST_SCALE);
    double weight = doubt / (scale * scale);
    for (int i = 0; i < TERMS; i++) {
      for (int j = 0; j < TERMS; j++) {
        information[i][j] = forgetting * information[i][j] + weight * shares[i] * shares[j];
      }
      evidence[i] = forgetting * evidence[i] + weight * shares[i] * ratio;
    }
    solve();
    return true;
  }

  /** How much a sample counts by its deviation; keeps track of what is usual. */
  private double doubt(double ratio, double predicted) {
    double base = Math.max(predicted, 1e-12);
    // As a logarithm: a third of the time is as far away as three times the time.
    double logarithm = Math.log(ratio / base);
    double edge = EDGE * spread;
    if (Math.abs(logarithm) <= edge) {
      spread = Math.max(LEAST_SPREAD, spread + SPREAD_RATE * (Math.abs(logarithm) - spread));
      beyondInARow = 0;
      sumInARow = 0;
      return 1;
    }
    spread += SPREAD_RATE * (edge - spread);
    boolean sameSide = Math.signum(logarithm) == Math.signum(sumInARow);
    beyondInARow = sameSide ? beyondInARow + 1 : 1;
    sumInARow = sameSide ? sumInARow + logarithm : logarithm;
    if (beyondInARow >= SHIFT_SAMPLES) {
      scale(Math.exp(sumInARow / beyondInARow));
      beyondInARow = 0;
      sumInARow = 0;
      return 1;
    }
    return Math.min(1, edge * base / Math.abs(ratio - predicted));
  }

  /** As if everything so far had taken {@code factor} times as long. */
  private void scale(double factor) {
    for (int i = 0; i < TERMS; i++) {
      for (int j = 0; j < TERMS; j++) {
        information[i][j] /= factor * factor; // errors count relative to what is predicted
      }
      evidence[i] /= factor;
      centre[i] *= factor;
      factors[i] *= factor;
    }
  }

  private void solve() {
    double[][] pulled = new double[TERMS][];
    double[] target = new double[TERMS];
    for (int i = 0; i < TERMS; i++) {
      pulled[i] = information[i].clone();
      pulled[i][i] += PULL;
      target[i] = evidence[i] + PULL * centre[i];
    }
    factors = NonNegativeLeastSquares.solve(pulled, target);
    for (int i = 0; i < TERMS; i++) {
      centre[i] += CENTRE_RATE * (factors[i] - centre[i]);
    }
  }

  /** Coefficient of a term, not negative. */
  double coefficient(int term) {
    return prior[term] * factors[term];
  }

  private static double dot(double[] a, double[] b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }

  static void check(double... coefficients) {
    for (double coefficient : coefficients) {
      if (!(coefficient >= 0) || Double.isInfinite(coefficient)) {
        throw new IllegalArgumentException(
            "latency coefficients must be finite and not negative, not "
                + Arrays.toString(coefficients));
      }
    }
  }

  static void check(long first, long second) {
    if (first < 0 || second < 0) {
      throw new IllegalArgumentException(
          "counts of a latency must not be negative, not " + first + " and " + second);
    }
  }
}
