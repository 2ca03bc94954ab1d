package dev.andante.qoe;

/**
 * The two published definitions of Andes (arXiv 2404.16283). They differ on the same timeline:
 * never mix their figures. Both are in [0, 1], exactly 1 for who is never late.
 */
public enum QoeDefinition {
  /**
   * April 2024: area under what was read over area under what was expected, until the last token is
   * read: {@code Σ(E - a_i - 1/2r) / Σ(E - e_i - 1/2r)} with {@code E = a_l + 1/r}. To compare with
   * the paper only: delaying the last token of a late answer can raise it.
   */
  V1 {
    @Override
    double ofDelivered(Reading reading) {
      double tokens = reading.tokens();
      double expected =
          tokens * reading.delaySeconds() + tokens * tokens / 2 * reading.spec().secondsPerToken();
      return 1 - reading.delaySumSeconds() / expected;
    }
  },

  /**
   * December 2024: {@code 1 - Σ(a_i - e_i) / Σ a_i}. No earlier arrival lowers it: what we optimise
   * and judge by.
   */
  V2 {
    @Override
    double ofDelivered(Reading reading) {
      double ideal = reading.spec().idealSumSeconds(reading.tokens());
      return ideal / (ideal + reading.delaySumSeconds());
    }
  };

  /** The QoE of the tokens delivered; 0 if there are none. */
  public double of(Reading reading) {
    return reading.tokens() == 0 ? 0 : Math.clamp(ofDelivered(reading), 0.0, 1.0);
  }

  abstract double ofDelivered(Reading reading);
}
