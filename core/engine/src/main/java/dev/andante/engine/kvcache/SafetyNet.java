package dev.andante.engine.kvcache;

import org.jspecify.annotations.Nullable;

/**
 * Decides whether discard bits are followed or the order of last use, by what each would have held:
 * two caches of names alone, both told of every use (the combiner of algorithms.md §9).
 *
 * <p>Bits are followed until
 *
 * <ul>
 *   <li>their misses exceed twice those of the other plus one filling of the cache, or
 *   <li>the hits made so far, less those that going back would cost, fall below {@value #FLOOR} of
 *       those that the order of last use alone would have made, less one filling of the cache;
 * </ul>
 *
 * and again once they have missed no more than the other and the way there and back would stay
 * above that floor. Hits made so far: those of whichever was followed at the time, less, for each
 * change, the contents that the one now followed would hold and the other not, since each of them
 * is missed at most once while whatever the one now followed would not hold is given up first.
 *
 * <p>Hence with equal slots of which none is in use, {@code hits ≥ 0.95 · (hits by last use) −
 * slots}, whatever the bits are.
 */
final class SafetyNet {

  /** Share of the hits by last use that is not given up. */
  static final double FLOOR = 0.95;

  private static final int MISS_FACTOR = 2;

  private final int slots;
  private final DiscardBitShadow byBits;
  private final LeastRecentlyUsedShadow byLastUse;
  private int onlyByBits;
  private int onlyByLastUse;
  private long hitsMade;
  private long hitsByLastUse;
  private boolean bitsFollowed = true;

  SafetyNet(int slots) {
    this.slots = slots;
    byBits = new DiscardBitShadow(slots);
    byLastUse = new LeastRecentlyUsedShadow(slots);
  }

  boolean bitsFollowed() {
    return bitsFollowed;
  }

  /** What the bits would hold. */
  DiscardBitShadow byBits() {
    return byBits;
  }

  /**
   * Tells of a use, and decides anew.
   *
   * @return the content that the bits gave up for it
   */
  @Nullable BlockKey use(BlockKey key, boolean discard) {
    boolean hitByBits = byBits.contains(key);
    boolean hitByLastUse = byLastUse.contains(key);
    BlockKey victimOfBits = byBits.use(key, discard);
    BlockKey victimOfLastUse = byLastUse.use(key);
    countDifference(hitByBits, hitByLastUse, victimOfBits, victimOfLastUse);
    hitsByLastUse += hitByLastUse ? 1 : 0;
    hitsMade += (bitsFollowed ? hitByBits : hitByLastUse) ? 1 : 0;
    decide();
    return victimOfBits;
  }

  private void decide() {
    if (bitsFollowed) {
      if (byBits.misses() > MISS_FACTOR * byLastUse.misses() + slots
          || hitsMade - onlyByLastUse < floor()) {
        bitsFollowed = false;
        hitsMade -= onlyByLastUse;
      }
    } else if (byBits.misses() <= byLastUse.misses()
        && hitsMade - onlyByBits - onlyByLastUse >= floor()) {
      bitsFollowed = true;
      hitsMade -= onlyByBits;
    }
  }

  private double floor() {
    return FLOOR * hitsByLastUse - slots;
  }

  /** Both hold what was used now, and neither its victim. */
  private void countDifference(
      boolean hitByBits,
      boolean hitByLastUse,
      @Nullable BlockKey victimOfBits,
      @Nullable BlockKey victimOfLastUse) {
    onlyByBits -= hitByBits && !hitByLastUse ? 1 : 0;
    onlyByLastUse -= hitByLastUse && !hitByBits ? 1 : 0;
    if (victimOfBits != null && victimOfBits.equals(victimOfLastUse)) {
      return;
    }
    if (victimOfBits != null) {
      if (byLastUse.contains(victimOfBits)) {
        onlyByLastUse++;
      } else {
        onlyByBits--;
      }
    }
    if (victimOfLastUse != null) {
      if (byBits.contains(victimOfLastUse)) {
        onlyByBits++;
      } else {
        onlyByLastUse--;
      }
    }
  }
}
