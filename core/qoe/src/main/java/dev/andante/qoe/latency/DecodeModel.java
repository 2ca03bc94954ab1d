package dev.andante.qoe.latency;

/** {@link DecodeCoefficients} fitted to what decode iterations took. */
public final class DecodeModel implements DecodeLatency {

  /** Forgetting: a sample's weight halves over some 350 others. */
  public static final double FORGETTING = 0.998;

  private final LatencyFit fit;
  private volatile DecodeCoefficients coefficients;

  public DecodeModel() {
    this(DecodeCoefficients.PRIOR, FORGETTING);
  }

  /**
   * @param prior where to start, every coefficient positive
   * @param forgetting how much of a sample's weight is left one sample later, above 0, at most 1
   */
  public DecodeModel(DecodeCoefficients prior, double forgetting) {
    this.fit =
        new LatencyFit(
            new double[] {prior.base(), prior.perRequest(), prior.perContext()}, forgetting);
    this.coefficients = prior;
  }

  /**
   * Learns from one iteration. One thread at a time.
   *
   * @param batch requests that gained a token, at least 1
   * @param context tokens that all of them together attended to
   * @param seconds what it took
   * @return false if no sane clock can have measured it (below 1 ns, above 10⁶ s); it is then
   *     ignored
   */
  public boolean observe(long batch, long context, double seconds) {
    if (batch < 1 || context < 0) {
      throw new IllegalArgumentException(
          "an iteration has a request at least and no negative context, not "
              + batch
              + " and "
              + context);
    }
    boolean used = fit.observe(DecodeCoefficients.terms(batch, context), seconds);
    coefficients =
        new DecodeCoefficients(fit.coefficient(0), fit.coefficient(1), fit.coefficient(2));
    return used;
  }

  /** The latest fit; any thread. */
  public DecodeCoefficients coefficients() {
    return coefficients;
  }

  @Override
  public double seconds(long batch, long context) {
    return coefficients.seconds(batch, context);
  }
}
