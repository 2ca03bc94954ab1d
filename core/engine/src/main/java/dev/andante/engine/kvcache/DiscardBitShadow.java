package dev.andante.engine.kvcache;

import java.util.LinkedHashSet;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * The names that a cache of k equal slots would hold if it trusted discard bits: on a miss with all
 * slots full it gives up what the bits say may go, the one used longest ago first; where no bit
 * says so, all of them may go (Antoniadis et al., "Paging with succinct predictions"; algorithms.md
 * §9: misses ≤ those of the best + (k−1)·wrong zeros + wrong ones). Names only: it costs no KV.
 */
final class DiscardBitShadow {

  private final int slots;
  private SequencedSet<BlockKey> droppable = new LinkedHashSet<>();
  private SequencedSet<BlockKey> wanted = new LinkedHashSet<>();
  private long misses;
  private boolean flushed;

  DiscardBitShadow(int slots) {
    this.slots = slots;
  }

  /**
   * The content is used.
   *
   * @param discard the bit that came with this use
   * @return the content given up for it
   */
  @Nullable BlockKey use(BlockKey key, boolean discard) {
    flushed = false;
    BlockKey victim = null;
    if (!droppable.remove(key) && !wanted.remove(key)) {
      misses++;
      if (droppable.size() + wanted.size() == slots) {
        flushIfNoneMayGo();
        victim = droppable.removeFirst();
      }
    }
    (discard ? droppable : wanted).addLast(key);
    return victim;
  }

  private void flushIfNoneMayGo() {
    if (droppable.isEmpty()) {
      SequencedSet<BlockKey> none = droppable;
      droppable = wanted;
      wanted = none;
      flushed = true;
    }
  }

  /** Whether the last use made all contents droppable but its own. */
  boolean flushed() {
    return flushed;
  }

  boolean contains(BlockKey key) {
    return droppable.contains(key) || wanted.contains(key);
  }

  boolean isWanted(BlockKey key) {
    return wanted.contains(key);
  }

  long misses() {
    return misses;
  }
}
