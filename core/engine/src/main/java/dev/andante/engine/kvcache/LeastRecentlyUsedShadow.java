package dev.andante.engine.kvcache;

import java.util.LinkedHashSet;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/** The names that a cache of k equal slots would hold if it gave up what was used longest ago. */
final class LeastRecentlyUsedShadow {

  private final int slots;
  private final SequencedSet<BlockKey> held = new LinkedHashSet<>();
  private long misses;

  LeastRecentlyUsedShadow(int slots) {
    this.slots = slots;
  }

  /** The content is used; returns the one given up for it. */
  @Nullable BlockKey use(BlockKey key) {
    BlockKey victim = null;
    if (!held.remove(key)) {
      misses++;
      victim = held.size() == slots ? held.removeFirst() : null;
    }
    held.addLast(key);
    return victim;
  }

  boolean contains(BlockKey key) {
    return held.contains(key);
  }

  long misses() {
    return misses;
  }
}
