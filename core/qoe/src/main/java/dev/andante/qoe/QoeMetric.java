package dev.andante.qoe;

/**
 * A definition of QoE and how hard it is on a late first token.
 *
 * @param ttftPenalty α in [0, 1]: the value is multiplied by {@code α^(seconds the first token was
 *     late)}; 1, the authors' default, is no penalty. An early first token earns nothing
 */
public record QoeMetric(QoeDefinition definition, double ttftPenalty) {

  /** The definition we gate on, without a penalty. */
  public static final QoeMetric V2 = new QoeMetric(QoeDefinition.V2, 1);

  /** For comparison with the paper. */
  public static final QoeMetric V1 = new QoeMetric(QoeDefinition.V1, 1);

  public QoeMetric {
    if (!(ttftPenalty >= 0 && ttftPenalty <= 1)) {
      throw new IllegalArgumentException("ttftPenalty must be from 0 to 1, not " + ttftPenalty);
    }
  }

  /** The QoE of the tokens delivered; 0 if there are none. */
  public double of(Reading reading) {
    return definition.of(reading) * Math.pow(ttftPenalty, reading.firstDelaySeconds());
  }

  /**
   * The QoE of a request under way, {@code ageSeconds} after submission: that of the tokens due by
   * then and of those delivered, an upper bound for them, since what is due and missing counts as
   * arriving now.
   */
  public double midFlight(Reading reading, double ageSeconds) {
    return of(reading.asOf(ageSeconds));
  }
}
