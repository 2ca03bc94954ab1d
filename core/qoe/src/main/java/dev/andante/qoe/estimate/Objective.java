package dev.andante.qoe.estimate;

/** What is to be made as great as possible, as the gain of serving one request. */
public enum Objective {
  /** The mean QoE. */
  MEAN {
    @Override
    public double gain(double served, double waiting, double now, double least) {
      return served - waiting;
    }
  },
  /** The least QoE: those who would fall below it by waiting. */
  MAX_MIN {
    @Override
    public double gain(double served, double waiting, double now, double least) {
      return Math.max(0, least - waiting);
    }
  },
  /** How many requests are perfect: those who still are, and stay so only if served. */
  PERFECT_COUNT {
    @Override
    public double gain(double served, double waiting, double now, double least) {
      return perfect(now) * (perfect(served) - perfect(waiting));
    }
  };

  /** Clocks and sums are not exact. */
  private static final double PERFECT = 1 - 1e-9;

  /**
   * @param served QoE if served
   * @param waiting QoE if waiting
   * @param now QoE now
   * @param least the least QoE now of all requests
   */
  public abstract double gain(double served, double waiting, double now, double least);

  private static double perfect(double qoe) {
    return qoe >= PERFECT ? 1 : 0;
  }
}
