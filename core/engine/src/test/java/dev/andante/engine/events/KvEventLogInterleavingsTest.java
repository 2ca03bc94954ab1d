package dev.andante.engine.events;

import static dev.andante.testkit.Interleavings.require;

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
          Listener listener = new Listener();
          KvEventLog.Follower follower = log.follow(1);
          Interleavings.together(
              follower,
              () -> {
                log.append(List.of(stored(FIRST)));
                log.append(List.of(new KvEvent.Removed(FIRST, KvTier.POOL), stored(SECOND)));
              },
              () -> {
                listener.hear(follower.poll(1));
                listener.hear(follower.poll(1));
              });
          KvEventBatch batch;
          while ((batch = follower.poll(1)) != null) {
            listener.hear(batch);
          }
          require(listener.known.equals(Set.of(SECOND)), "it knows " + listener.known);
        });
  }

  private static KvEvent stored(BlockKey key) {
    return new KvEvent.Stored(key, new BlockKey(0, 0), 0, KvTier.POOL);
  }

  /** Knows what a gateway would. */
  private static final class Listener {

    private final Set<BlockKey> known = new HashSet<>();
    private long sequence;

    void hear(@Nullable KvEventBatch batch) {
      if (batch == null) {
        return;
      }
      if (batch.resync()) {
        known.clear(); // one event at most is held, so a resync is one batch
      } else {
        require(
            batch.sequence() - batch.events().size() == sequence,
            "events are missing after number " + sequence);
      }
      sequence = batch.sequence();
      for (KvEvent event : batch.events()) {
        switch (event) {
          case KvEvent.Stored stored -> known.add(stored.key());
          case KvEvent.Removed removed -> known.remove(removed.key());
          case KvEvent.Cleared _ -> known.clear();
        }
      }
    }
  }
}
