package dev.andante.qoe.knapsack;

import java.util.List;

/**
 * What was taken.
 *
 * @param chosen indices of the items, in the order in which they were taken
 * @param value sum of their values
 * @param weight sum of their weights
 */
public record Packing(List<Integer> chosen, double value, long weight) {

  public Packing {
    chosen = List.copyOf(chosen);
  }
}
