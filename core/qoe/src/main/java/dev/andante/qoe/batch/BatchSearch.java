package dev.andante.qoe.batch;

import dev.andante.qoe.knapsack.GreedyKnapsack;
import dev.andante.qoe.knapsack.Item;
import dev.andante.qoe.knapsack.Packing;
import java.util.List;

/** Finds the size of batch, and the requests in it, that gain most in all. */
final class BatchSearch {

  private final BatchPolicy policy;
  private final BatchState state;
  private final List<Entry> entries;
  private final FixedPlaces fixed;
  private final Gains gains;

  BatchSearch(BatchPolicy policy, BatchState state, List<Entry> entries, FixedPlaces fixed) {
    this.policy = policy;
    this.state = state;
    this.entries = entries;
    this.fixed = fixed;
    this.gains = new Gains(policy, entries);
  }

  /** The best of the sizes; of equals the one for which fewest leave, then the first. */
  Choice best(Iterable<Integer> sizes) {
    Choice best = null;
    for (int size : sizes) {
      Choice choice = choose(Math.max(size, fixed.size()));
      if (best == null || choice.betterThan(best)) {
        best = choice;
      }
    }
    if (best == null) {
      throw new IllegalArgumentException("no size of batch to try");
    }
    return best;
  }

  private Choice choose(int size) {
    double latency = state.decode().seconds(size, BatchSizes.typicalTokens(state, entries, size));
    double[] gained = new double[entries.size()];
    for (Entry entry : entries) {
      gained[entry.index()] = gain(entry, latency);
    }
    boolean[] picked = new boolean[entries.size()];
    double total = 0;
    for (Entry entry : entries) {
      if (fixed.has(entry)) {
        picked[entry.index()] = true;
        total += gained[entry.index()];
      }
    }
    // A waiting request that gains nothing stays; a running one costs nothing to keep.
    List<Entry> free =
        entries.stream()
            .filter(entry -> !picked[entry.index()])
            .filter(entry -> entry.running() || gained[entry.index()] > 0)
            .toList();
    Packing packing =
        GreedyKnapsack.pack(
            free.stream().map(entry -> new Item(gained[entry.index()], entry.tokens())).toList(),
            state.capacityTokens() - fixed.tokens(),
            size - fixed.size());
    packing.chosen().forEach(chosen -> picked[free.get(chosen).index()] = true);
    int leaving = 0;
    for (Entry entry : entries) {
      leaving += entry.running() && !picked[entry.index()] ? 1 : 0;
    }
    return new Choice(size, latency, gained, picked, total + packing.value(), leaving);
  }

  private double gain(Entry entry, double latency) {
    double gain = gains.of(entry, latency);
    return entry.running() ? gain * policy.hysteresis() : gain;
  }
}
