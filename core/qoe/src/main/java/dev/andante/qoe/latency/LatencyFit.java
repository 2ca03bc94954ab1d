package dev.andante.qoe.latency;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Recursive least squares with forgetting for a sum of three non-negative terms, in information
 * form.
 *
 * <ul>
 *   <li>Everything is relative to the prior: a term is its share of the prior's prediction, a
 *       sample the ratio to it. So nothing needs scaling.
 *   <li>Errors count relative to what was predicted, or at first to what was measured, so short and
 *       long samples count alike.
 *   <li>A sample that deviates more than usual counts as one at the edge of the usual (Huber): a
 *       pause of the garbage collector moves little. When nearly all of the latest lie beyond the
 *       edge on one side, the machine has become slower or faster: all that is known is scaled by
 *       their median.
 *   <li>A pull towards a slowly moving centre, the prior at first, scaled to this machine after the
 *       first samples, and what was learnt later, keeps what the samples of the moment cannot tell
 *       apart. It is weak, but as strong as one sample is uncertain: else noise decides how much of
 *       the time of prompts about as long is whose, and what is predicted for other lengths is off
 *       by a power of ten.
 * </ul>
 *
 * One thread observes.
 */
final class LatencyFit {

  static final int TERMS = 3;

  private static final double LEAST_SECONDS = 1e-9;
  private static final double MOST_SECONDS = 1e6;

  /** How many usual deviations a sample may deviate before it counts for less. */
  private static final double EDGE = 2.5;

  private static final double SPREAD_RATE = 0.05;

  /** Samples before predictions are good enough to judge samples by. */
  private static final int WARM_UP = 50;

  /** So many of the latest samples beyond the edge on one side are no accident. */
  private static final int SHIFT_SAMPLES = 7;

  private static final int LATEST = 9;

  /** Timers and caches jitter at least this much. */
  private static final double LEAST_SPREAD = 1e-3;

  /** Below this share of the prior, samples are no longer weighed up. */
  private static final double LEAST_SCALE = 0.01;

  private static final double LEAST_PULL = 1e-3;
  private static final double CENTRE_RATE = 0.01;

  private final double[] prior;
  private final double forgetting;
  private final double[][] information = new double[TERMS][TERMS];
  private final double[] evidence = new double[TERMS];
  private final double[] centre = {1, 1, 1};
  private double[] factors = {1, 1, 1};
  private double spread = 1;
  private int samples;
  private double mass; // of the samples' weights, forgotten like them
  private double count; // of the samples
  private double level; // during warm-up: sum of the logarithms of what they took over the prior

  /** Logarithms of what the latest samples took over what was predicted, the oldest first. */
  private final Deque<Double> latest = new ArrayDeque<>(LATEST);

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

  /** Whether a sane clock can have measured this. */
  static boolean measured(double seconds) {
    return seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS;
  }

  /** Whether the sample was used: it is not if no sane clock can have measured it. */
  boolean observe(double[] terms, double seconds) {
    if (!measured(seconds)) {
      return false;
    }
    double expected = dot(prior, terms);
    double[] shares = new double[TERMS];
    for (int i = 0; i < TERMS; i++) {
      shares[i] = prior[i] * terms[i] / expected;
    }
    double ratio = seconds / expected;
    boolean warm = samples >= WARM_UP;
    if (!warm) {
      warmUp(ratio);
    } else {
      detectShift(Math.log(ratio / predict(shares)));
    }
    double predicted = predict(shares);
    double scale = Math.max(warm ? predicted : ratio, LEAST_SCALE);
    double weight = trust(ratio / predicted) / (scale * scale);
    for (int i = 0; i < TERMS; i++) {
      for (int j = 0; j < TERMS; j++) {
        information[i][j] = forgetting * information[i][j] + weight * shares[i] * shares[j];
      }
      evidence[i] = forgetting * evidence[i] + weight * shares[i] * ratio;
    }
    mass = forgetting * mass + weight;
    count = forgetting * count + 1;
    solve((warm ? Math.clamp(spread * spread, LEAST_PULL, 1) : LEAST_PULL) * mass / count);
    return true;
  }

  /** What is not yet learnt is as the prior has it on a machine as fast as this one. */
  private void warmUp(double ratio) {
    samples++;
    level += Math.log(ratio);
    if (samples == WARM_UP) {
      Arrays.fill(centre, Math.exp(level / WARM_UP));
    }
  }

  private double predict(double[] shares) {
    return Math.max(1e-12, dot(factors, shares));
  }

  /** Half as long is as unusual as twice as long: deviations are logarithms. */
  private void detectShift(double deviation) {
    if (latest.size() == LATEST) {
      latest.remove();
    }
    latest.add(deviation);
    double edge = EDGE * spread;
    if (latest.stream().filter(one -> one > edge).count() >= SHIFT_SAMPLES
        || latest.stream().filter(one -> one < -edge).count() >= SHIFT_SAMPLES) {
      double[] sorted = latest.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      rescale(Math.exp(sorted[sorted.length / 2]));
      latest.clear();
    }
  }

  /** As if all samples so far had taken so many times as long. */
  private void rescale(double times) {
    mass /= times * times;
    for (int i = 0; i < TERMS; i++) {
      for (int j = 0; j < TERMS; j++) {
        information[i][j] /= times * times; // weights are relative to predictions
      }
      evidence[i] /= times;
      centre[i] *= times;
      factors[i] *= times;
    }
  }

  /** How much a sample counts by its deviation; keeps track of what is usual. */
  private double trust(double overPredicted) {
    double edge = EDGE * spread;
    double deviation = Math.abs(Math.log(overPredicted));
    spread = Math.max(LEAST_SPREAD, spread + SPREAD_RATE * (Math.min(deviation, edge) - spread));
    return deviation > edge ? Math.min(1, edge / Math.abs(overPredicted - 1)) : 1;
  }

  /**
   * @param pull towards the centre, as much as samples with that weight in all
   */
  private void solve(double pull) {
    double[][] pulled = new double[TERMS][];
    double[] target = new double[TERMS];
    for (int i = 0; i < TERMS; i++) {
      pulled[i] = information[i].clone();
      pulled[i][i] += pull;
      target[i] = evidence[i] + pull * centre[i];
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
