package dev.andante.gateway.routing;

import dev.andante.protocol.v1.BlockKey;
import dev.andante.protocol.v1.KvChange;
import dev.andante.protocol.v1.KvChanges;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a worker's prefix cache holds, in whatever tier, as it tells. One thread at a time tells;
 * any may ask.
 */
final class KeptBlocks {

  /** About 100 bytes each; what is stored beyond them is not known of. */
  static final int MOST = 1_000_000;

  /** A bit for each tier that has the block. */
  private final Map<BlockName, Integer> tiers = new ConcurrentHashMap<>();

  private int remaining;
  private long resyncing;

  void apply(KvChanges changes) {
    if (changes.getResync()) {
      if (remaining == 0 || changes.getSequence() != resyncing) {
        tiers.clear();
      }
      remaining = changes.getRemaining();
      resyncing = changes.getSequence();
    }
    changes.getChangesList().forEach(this::apply);
  }

  private void apply(KvChange change) {
    int bit = 1 << (change.getTierValue() & 7);
    switch (change.getChangeCase()) {
      case STORED -> {
        if (tiers.size() < MOST) {
          tiers.merge(name(change.getStored().getKey()), bit, (there, more) -> there | more);
        }
      }
      case REMOVED ->
          tiers.computeIfPresent(name(change.getRemoved()), (key, there) -> orNone(there & ~bit));
      case CLEARED -> {
        tiers.replaceAll((key, there) -> there & ~bit);
        tiers.values().removeIf(left -> left == 0);
      }
      case CHANGE_NOT_SET -> {
        // of a newer worker
      }
    }
  }

  @SuppressWarnings("NullAway") // how a map is told that nothing is left
  private static Integer orNone(int left) {
    return left == 0 ? null : Integer.valueOf(left);
  }

  private static BlockName name(BlockKey key) {
    return new BlockName(key.getHigh(), key.getLow());
  }

  /** Nothing is known any more. */
  void forget() {
    tiers.clear();
    remaining = 0;
  }

  boolean has(BlockName name) {
    return tiers.getOrDefault(name, 0) != 0;
  }
}
