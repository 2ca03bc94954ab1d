package dev.andante.qoe.latency;

/**
 * {@code T(n, h) = base + perToken·n + perPair·n(2h + n)/2}: the last factor counts the pairs of a
 * new token and one it attends to, with h tokens cached.
 *
 * @param base seconds
 * @param perToken seconds
 * @param perPair seconds
 */
public record PrefillCoefficients(double base, double perToken, double perPair)
    implements PrefillLatency {

  /** A 135M model on two CPU cores; a guess for others until samples come. */
  public static final PrefillCoefficients PRIOR = new PrefillCoefficients(5e-3, 2e-4, 1e-8);

  public PrefillCoefficients {
    LatencyFit.check(base, perToken, perPair);
  }

  static double[] terms(long tokens, long cached) {
    return new double[] {1, tokens, tokens * (2.0 * cached + tokens) / 2};
  }

  @Override
  public double seconds(long tokens, long cached) {
    LatencyFit.check(tokens, cached);
    return base + perToken * tokens + perPair * tokens * (2.0 * cached + tokens) / 2;
  }
}
