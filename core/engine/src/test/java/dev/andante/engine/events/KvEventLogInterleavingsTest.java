package dev.andante.engine.events;

import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.testkit.Interleavings;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A follower and the engine: in all orders, not in those that happen to come. */
@Tag("slow")
class KvEventLogInterleavingsTest {

  private static final BlockKey FIRST = new BlockKey(0, 1);
  private static final BlockKey SECOND = new BlockKey(0, 2);

  @Test
  void whatAFollowerHearsAddsUpToWhatTheEngineHolds() {
    Interleavings.check(
        () -> {
          KvEventLog log = new KvEventLog();
          Set<BlockKey> known = new HashSet<>();
          KvEventLog.Follower follower = log.follow(1);
          Interleavings.together(
              follower,
              () -> {
                log.append(List.of(stored(FIRST)));
                log.append(List.of(new KvEvent.Removed(FIRST, KvTier.POOL), stored(SECOND)));
              },
              () -> {
                hear(follower.poll(1), known);
                hear(follower.poll(1), known);
              });
          KvEventBatch batch;
          while ((batch = follower.poll(1)) != null) {
            hear(batch, known);
          }
          if (!known.equals(Set.of(SECOND))) {
            throw new AssertionError("the follower knows " + known);
          }
        });
  }

  private static KvEvent stored(BlockKey key) {
    return new KvEvent.Stored(key, new BlockKey(0, 0), 0, KvTier.POOL);
  }

  private static void hear(@Nullable KvEventBatch batch, Set<BlockKey> known) {
    if (batch == null) {
      return;
    }
    if (batch.resync()) {
      known.clear(); // one event at most is held, so a resync is one batch
    }
    for (KvEvent event : batch.events()) {
      switch (event) {
        case KvEvent.Stored stored -> known.add(stored.key());
        case KvEvent.Removed removed -> known.remove(removed.key());
        case KvEvent.Cleared _ -> known.clear();
      }
    }
  }
}
