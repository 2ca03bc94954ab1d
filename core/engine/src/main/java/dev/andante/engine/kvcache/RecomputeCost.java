package dev.andante.engine.kvcache;

import java.util.function.IntToDoubleFunction;

/**
 * What it costs to compute one block again, as multiples of what it costs where nothing comes
 * before it: products take the same everywhere, attention reads all that comes before.
 *
 * @param blocksThatDouble so many blocks before it make a block twice as dear
 */
public record RecomputeCost(double blocksThatDouble) implements IntToDoubleFunction {

  public RecomputeCost {
    if (!(blocksThatDouble > 0)) {
      throw new IllegalArgumentException(
          "blocks_that_double must be positive, not " + blocksThatDouble);
    }
  }

  /**
   * From the operations of one token: two for each weight, and four for each token before it in
   * each layer and element of a query (its scores, and its weighted sum).
   *
   * @param weights that one token is multiplied with
   * @param queryElements query heads times their elements
   */
  public static RecomputeCost of(long weights, int layers, int queryElements, int blockSize) {
    double tokens = 2.0 * weights / (4.0 * layers * queryElements);
    return new RecomputeCost(tokens / blockSize);
  }

  @Override
  public double applyAsDouble(int depth) {
    return 1 + depth / blocksThatDouble;
  }
}
