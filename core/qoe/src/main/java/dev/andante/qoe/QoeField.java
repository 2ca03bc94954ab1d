package dev.andante.qoe;

/** What a reader may state about their expectations, and the limits of what can be meant. */
public enum QoeField {
  /** Time to first token, seconds. Zero would make every answer infinitely late. */
  TTFT("ttft", "seconds", 0.001, 3600),
  /** Pace of reading or listening, tokens per second. */
  TOKENS_PER_SECOND("tokens_per_second", "tokens per second", 0.01, 10_000);

  private final String label;
  private final String unit;
  private final double min;
  private final double max;

  QoeField(String label, String unit, double min, double max) {
    this.label = label;
    this.unit = unit;
    this.min = min;
    this.max = max;
  }

  /** The field's name in messages. */
  public String label() {
    return label;
  }

  public double min() {
    return min;
  }

  public double max() {
    return max;
  }

  /**
   * @return the value
   * @throws QoeSpecException if it is outside of the limits or not a number
   */
  double check(double value) {
    if (value >= min && value <= max) {
      return value;
    }
    throw new QoeSpecException(
        this,
        "%s must be from %s to %s %s, not %s"
            .formatted(label, show(min), show(max), unit, show(value)));
  }

  private static String show(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
