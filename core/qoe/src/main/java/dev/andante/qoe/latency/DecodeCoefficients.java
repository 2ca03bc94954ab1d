package dev.andante.qoe.latency;

/**
 * {@code T(B, c) = base + perRequest·B + perContext·c}, with c the sum of the contexts.
 *
 * @param base seconds
 * @param perRequest seconds
 * @param perContext seconds for each token attended to
 */
public record DecodeCoefficients(double base, double perRequest, double perContext)
    implements DecodeLatency {

  /** A 135M model on two CPU cores; a guess for others until samples come. */
  public static final DecodeCoefficients PRIOR = new DecodeCoefficients(8e-3, 5e-4, 1e-7);

  public DecodeCoefficients {
    LatencyFit.check(base, perRequest, perContext);
  }

  static double[] terms(long batch, long context) {
    return new double[] {1, batch, context};
  }

  @Override
  public double seconds(long batch, long context) {
    LatencyFit.check(batch, context);
    return base + perRequest * batch + perContext * context;
  }
}
