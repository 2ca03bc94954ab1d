package dev.andante.qoe.knapsack;

/**
 * @param value what taking it gains, finite and not negative
 * @param weight at least 1
 */
public record Item(double value, long weight) {

  public Item {
    if (!(value >= 0) || Double.isInfinite(value) || weight < 1) {
      throw new IllegalArgumentException(
          "an item needs a value of 0 or more and a weight of 1 or more, not "
              + value
              + " and "
              + weight);
    }
  }

  /** Value per weight. */
  public double density() {
    return value / weight;
  }
}
