package dev.andante.gateway.routing;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How many times as long as predicted prompts took lately, so that it is known when one is late.
 * Times alone would not tell: a long prompt takes long. Any thread.
 */
public final class Lateness {

  /** Fewer say nothing. */
  static final int LEAST = 20;

  private static final int KEPT = 200;

  private final double[] factors = new double[KEPT];
  private int count;

  /** One took so long; or it had taken so long when it was given up. */
  public synchronized void took(double predictedSeconds, double seconds) {
    if (predictedSeconds > 0 && seconds >= 0) {
      factors[count % KEPT] = seconds / predictedSeconds;
      count = count + 1 < 2 * KEPT ? count + 1 : KEPT;
    }
  }

  /**
   * What all but few stay below.
   *
   * @param quantile 0 to 1, which part does
   * @return times the prediction; empty before enough are known
   */
  public synchronized OptionalDouble factor(double quantile) {
    if (count < LEAST) {
      return OptionalDouble.empty();
    }
    double[] sorted = Arrays.copyOf(factors, Math.min(count, KEPT));
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(quantile * sorted.length);
    return OptionalDouble.of(sorted[Math.clamp(rank - 1, 0, sorted.length - 1)]);
  }
}
