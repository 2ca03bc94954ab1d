package dev.andante.qoe.latency;

/** {@link PrefillCoefficients} fitted to what prefill took. */
public final class PrefillModel implements PrefillLatency {

  /** Forgetting: a sample's weight halves over some 350 others. */
  public static final double FORGETTING = 0.998;

  private final LatencyFit fit;
  private volatile PrefillCoefficients coefficients;

  public PrefillModel() {
    this(PrefillCoefficients.PRIOR, FORGETTING);
  }

  /**
   * @param prior where to start, every coefficient positive
   * @param forgetting how much of a sample's weight is left one sample later, above 0, at most 1
   */
  public PrefillModel(PrefillCoefficients prior, double forgetting) {
    this.fit =
        new LatencyFit(new double[] {prior.base(), prior.perToken(), prior.perPair()}, forgetting);
    this.coefficients = prior;
  }

  /**
   * Learns from one prompt, or a chunk of one. One thread at a time.
   *
   * @param tokens computed, at least 1
   * @param seconds what it took
   * @return false if no sane clock can have measured it (below 1 ns, above 10⁶ s); it is then
   *     ignored
   */
  public boolean observe(long tokens, long cached, double seconds) {
    if (tokens < 1 || cached < 0) {
      throw new IllegalArgumentException(
          "a prefill computes at least one token after none or more, not "
              + tokens
              + " after "
              + cached);
    }
    boolean used = fit.observe(PrefillCoefficients.terms(tokens, cached), seconds);
    coefficients =
        new PrefillCoefficients(fit.coefficient(0), fit.coefficient(1), fit.coefficient(2));
    return used;
  }

  /** The latest fit; any thread. */
  public PrefillCoefficients coefficients() {
    return coefficients;
  }

  @Override
  public double seconds(long tokens, long cached) {
    return coefficients.seconds(tokens, cached);
  }
}
