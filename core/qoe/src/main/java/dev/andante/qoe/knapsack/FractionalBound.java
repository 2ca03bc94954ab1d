package dev.andante.qoe.knapsack;

import java.util.Comparator;
import java.util.List;

/** What no packing can exceed: tells how far from the best a greedy one can be at most. */
public final class FractionalBound {

  private FractionalBound() {}

  /** The lesser of what cut items would give and what the limit on their number allows. */
  public static double of(List<Item> items, long capacity, int maxItems) {
    return Math.min(byWeight(items, capacity), byCount(items, capacity, maxItems));
  }

  private static double byWeight(List<Item> items, long capacity) {
    double value = 0;
    long left = Math.max(0, capacity);
    for (Item item : fitting(items, capacity, Comparator.comparingDouble(Item::density))) {
      long taken = Math.min(item.weight(), left);
      value += item.value() * taken / item.weight();
      left -= taken;
    }
    return value;
  }

  private static double byCount(List<Item> items, long capacity, int maxItems) {
    return fitting(items, capacity, Comparator.comparingDouble(Item::value)).stream()
        .limit(Math.max(0, maxItems))
        .mapToDouble(Item::value)
        .sum();
  }

  /** Those that fit on their own, the greatest first. */
  private static List<Item> fitting(List<Item> items, long capacity, Comparator<Item> order) {
    return items.stream()
        .filter(item -> item.weight() <= capacity)
        .sorted(order.reversed())
        .toList();
  }
}
