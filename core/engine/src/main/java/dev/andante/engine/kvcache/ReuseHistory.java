package dev.andante.engine.kvcache;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tells what is used once from what is used again by what became of its like: contents are put into
 * classes by how often they have been used and by how deep in their sequence they stand, and each
 * class counts how many of its uses were followed by another one before they were forgotten. A bit
 * says "discard" where that share is lower than {@code threshold}.
 *
 * <p>What it knows are uses, not sessions: it cannot tell that a conversation is over, and a prefix
 * that is new and will be shared by all looks like any other until its second use. It remembers the
 * names of a bounded number of contents, those used last.
 */
final class ReuseHistory implements DiscardPredictor {

  private static final int MOST_USES = 3;
  private static final int DEPTHS = 8;

  /** Counts are halved when they reach this, so that a class follows the times. */
  private static final int MEMORY = 4096;

  private final int capacity;
  private final double threshold;
  private final Map<BlockKey, Last> recent = new LinkedHashMap<>();
  private final Share[] classes = new Share[(MOST_USES + 1) * DEPTHS];

  /** The last use of a content. */
  private record Last(int uses, Share of) {}

  /** How many uses of a class were followed by another, and how many not. */
  private static final class Share {
    private int again;
    private int never;

    void count(boolean usedAgain) {
      if (usedAgain) {
        again++;
      } else {
        never++;
      }
      if (again + never >= MEMORY) {
        again /= 2;
        never /= 2;
      }
    }

    /** Half where nothing is known. */
    double value() {
      return (again + 1.0) / (again + never + 2.0);
    }
  }

  /**
   * @param capacity contents remembered
   */
  ReuseHistory(int capacity, double threshold) {
    this.capacity = capacity;
    this.threshold = threshold;
    for (int i = 0; i < classes.length; i++) {
      classes[i] = new Share();
    }
  }

  @Override
  public boolean discards(BlockKey key, int depth) {
    Last last = recent.remove(key);
    int uses = 0;
    if (last != null) {
      last.of().count(true);
      uses = Math.min(MOST_USES, last.uses() + 1);
    } else if (recent.size() == capacity) {
      BlockKey eldest = recent.keySet().iterator().next();
      recent.remove(eldest).of().count(false);
    }
    int deep = Math.min(DEPTHS - 1, Integer.SIZE - Integer.numberOfLeadingZeros(depth));
    Share of = classes[uses * DEPTHS + deep];
    recent.put(key, new Last(uses, of));
    return of.value() < threshold;
  }
}
