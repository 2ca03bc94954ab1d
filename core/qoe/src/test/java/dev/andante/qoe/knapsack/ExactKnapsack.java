package dev.andante.qoe.knapsack;

import java.util.List;

/**
 * The best value of at most {@code maxItems} items within a capacity: {@code dp[b][m] =
 * max(dp[b][m], dp[b-1][m-l] + v)}, item by item. O(N·B·M).
 */
final class ExactKnapsack {

  private ExactKnapsack() {}

  static double best(List<Item> items, int capacity, int maxItems) {
    double[][] dp = new double[maxItems + 1][capacity + 1];
    for (Item item : items) {
      for (int count = maxItems; count >= 1; count--) {
        for (int room = capacity; room >= item.weight(); room--) {
          dp[count][room] =
              Math.max(dp[count][room], dp[count - 1][room - (int) item.weight()] + item.value());
        }
      }
    }
    return dp[maxItems][capacity];
  }

  /** The same by trying every subset. */
  static double exhaustive(List<Item> items, int capacity, int maxItems) {
    double best = 0;
    for (int set = 0; set < 1 << items.size(); set++) {
      double value = 0;
      long weight = 0;
      for (int i = 0; i < items.size(); i++) {
        if ((set >> i & 1) == 1) {
          value += items.get(i).value();
          weight += items.get(i).weight();
        }
      }
      if (weight <= capacity && Integer.bitCount(set) <= maxItems) {
        best = Math.max(best, value);
      }
    }
    return best;
  }
}
