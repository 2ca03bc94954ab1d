package dev.andante.qoe.batch;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Sizes of batch worth trying: from the largest that keeps the fastest reader's pace to the largest
 * that fits into memory, spread geometrically, and the present one before all.
 */
final class BatchSizes {

  private BatchSizes() {}

  /**
   * @param count how many sizes at most
   */
  static Collection<Integer> candidates(
      BatchState state, Envelope envelope, List<Entry> entries, int count) {
    int max = Math.max(1, largestFitting(state, entries));
    int min = largestInPace(envelope, entries, max);
    int running = (int) entries.stream().filter(Entry::running).count();
    return spread(min, max, running, count);
  }

  static Collection<Integer> spread(int min, int max, int running, int count) {
    LinkedHashSet<Integer> sizes = new LinkedHashSet<>();
    if (running > 0) {
      sizes.add(Math.min(running, max));
    }
    int others = count - sizes.size();
    for (int i = 0; i < others; i++) {
      double share = others == 1 ? 1 : i / (others - 1.0);
      sizes.add((int) Math.round(min * Math.pow((double) max / min, share)));
    }
    return sizes;
  }

  private static int largestFitting(BatchState state, List<Entry> entries) {
    long left = state.capacityTokens();
    int fitting = 0;
    for (long tokens : entries.stream().mapToLong(Entry::tokens).sorted().toArray()) {
      left -= tokens;
      if (left < 0 || fitting == state.maxBatch()) {
        break;
      }
      fitting++;
    }
    return fitting;
  }

  private static int largestInPace(Envelope envelope, List<Entry> entries, int max) {
    int low = 1;
    int high = max;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (envelope.keepsPace(middle, typicalTokens(envelope.state(), entries, middle))) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** What a batch of a size holds if its requests are like the others. */
  static long typicalTokens(BatchState state, List<Entry> entries, int size) {
    long all = entries.stream().mapToLong(Entry::tokens).sum();
    return Math.min(state.capacityTokens(), Math.round((double) all / entries.size() * size));
  }
}
