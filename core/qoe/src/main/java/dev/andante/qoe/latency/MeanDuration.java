package dev.andante.qoe.latency;

/**
 * A running mean of durations, the latest weighing most: how long an answer decodes, or a request
 * is served. One thread observes, any thread asks.
 */
public final class MeanDuration {

  private final double rate;
  private volatile double seconds;

  /**
   * @param prior seconds to answer before the first sample, positive
   * @param rate weight of the latest sample, above 0, at most 1
   */
  public MeanDuration(double prior, double rate) {
    if (!(prior > 0) || Double.isInfinite(prior) || !(rate > 0 && rate <= 1)) {
      throw new IllegalArgumentException(
          "a mean needs a positive prior and a rate above 0 and at most 1, not "
              + prior
              + " and "
              + rate);
    }
    this.rate = rate;
    this.seconds = prior;
  }

  /**
   * @return false if no sane clock can have measured it (below 1 ns, above 10⁶ s); it is then
   *     ignored
   */
  public boolean observe(double sample) {
    if (!LatencyFit.measured(sample)) {
      return false;
    }
    double before = seconds;
    seconds = before + rate * (sample - before);
    return true;
  }

  public double seconds() {
    return seconds;
  }
}
