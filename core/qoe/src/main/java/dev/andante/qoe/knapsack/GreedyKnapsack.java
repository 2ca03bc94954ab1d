package dev.andante.qoe.knapsack;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Takes items by falling value per weight and goes on past one that does not fit, as the authors'
 * released code does and the papers' pseudo-code does not. Equal items are taken in their given
 * order, so the outcome depends on nothing but the input.
 *
 * <p>Value per weight is the wrong order where the number of items binds: alone it misses a quarter
 * of the value there. So further passes take by value per share of both limits, weighed from one to
 * the other, and the best packing counts, the first of equals.
 */
public final class GreedyKnapsack {

  /** How much of an item's cost is its weight, the rest being its place; one pass each. */
  private static final double[] WEIGHT_SHARES = {1, 0.75, 0.5, 0.25, 0};

  private GreedyKnapsack() {}

  /**
   * @param capacity greatest sum of weights; nothing fits into a negative one
   * @param maxItems greatest number of items
   */
  public static Packing pack(List<Item> items, long capacity, int maxItems) {
    if (capacity < 1 || maxItems < 1) {
      return new Packing(List.of(), 0, 0);
    }
    Packing best = pack(items, capacity, maxItems, WEIGHT_SHARES[0]);
    for (int pass = 1; pass < WEIGHT_SHARES.length && best.chosen().size() < items.size(); pass++) {
      Packing packing = pack(items, capacity, maxItems, WEIGHT_SHARES[pass]);
      if (packing.value() > best.value()) {
        best = packing;
      }
    }
    return best;
  }

  private static Packing pack(List<Item> items, long capacity, int maxItems, double weightShare) {
    double perWeight = weightShare / capacity;
    double perItem = (1 - weightShare) / maxItems;
    double[] merits =
        items.stream()
            .mapToDouble(item -> item.value() / (perWeight * item.weight() + perItem))
            .toArray();
    // Sorting is stable: the order given decides between equals.
    List<Integer> sorted =
        IntStream.range(0, merits.length)
            .boxed()
            .sorted((a, b) -> Double.compare(merits[b], merits[a]))
            .toList();
    List<Integer> chosen = new ArrayList<>();
    double value = 0;
    long weight = 0;
    for (int index : sorted) {
      if (chosen.size() == maxItems) {
        break;
      }
      Item item = items.get(index);
      if (item.weight() <= capacity - weight) {
        chosen.add(index);
        value += item.value();
        weight += item.weight();
      }
    }
    return new Packing(chosen, value, weight);
  }
}
