package dev.andante.engine.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.KvTier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;

class KvEventLogTest {

  private static final BlockKey ROOT = new BlockKey(0, 0);
  private static int resyncs;
  private static int increments;

  private final KvEventLog log = new KvEventLog();

  private static KvEvent stored(int name) {
    return new KvEvent.Stored(new BlockKey(0, name), ROOT, 0, KvTier.POOL);
  }

  private static KvEvent removed(int name) {
    return new KvEvent.Removed(new BlockKey(0, name), KvTier.POOL);
  }

  /** Rebuilds what an engine holds from batches, as a gateway would. */
  private static final class Mirror {
    final Set<KvEvent> held = new HashSet<>();
    long sequence;
    boolean resyncing;

    void apply(KvEventBatch batch) {
      if (batch.resync()) {
        resyncs++;
        if (!resyncing) {
          held.clear();
        }
        resyncing = batch.remaining() > 0;
      } else {
        increments++;
        assertThat(resyncing).isFalse();
        assertThat(batch.sequence() - batch.events().size())
            .as("no event is missing")
            .isEqualTo(sequence);
      }
      sequence = batch.sequence();
      batch.events().forEach(event -> replay(event, held));
    }

    static void replay(KvEvent event, Set<KvEvent> held) {
      switch (event) {
        case KvEvent.Stored stored -> assertThat(held.add(stored)).isTrue();
        case KvEvent.Removed removed ->
            assertThat(
                    held.removeIf(
                        other ->
                            other instanceof KvEvent.Stored there
                                && there.tier() == removed.tier()
                                && there.key().equals(removed.key())))
                .isTrue();
        case KvEvent.Cleared cleared -> held.removeIf(other -> other.tier() == cleared.tier());
      }
    }
  }

  @Test
  void aFollowerBeginsWithAllThereIs() {
    log.append(List.of(stored(1), stored(2), removed(1)));
    try (KvEventLog.Follower follower = log.follow(10)) {
      assertThat(follower.poll(10)).isEqualTo(new KvEventBatch(3, true, 0, List.of(stored(2))));
      assertThat(follower.poll(10)).isNull();
      log.append(List.of(stored(3)));
      log.append(List.of(removed(2), stored(4)));
      assertThat(follower.poll(2))
          .isEqualTo(new KvEventBatch(5, false, 0, List.of(stored(3), removed(2))));
      assertThat(follower.poll(2)).isEqualTo(new KvEventBatch(6, false, 0, List.of(stored(4))));
    }
    assertThat(log.followers()).isZero();
  }

  @Test
  void ofAnEmptyEngineItHearsThatItIsEmpty() {
    KvEventLog.Follower follower = log.follow(10);
    assertThat(follower.poll(10)).isEqualTo(new KvEventBatch(0, true, 0, List.of()));
    assertThat(follower.poll(10)).isNull();
    follower.close();
  }

  @Test
  void aSlowFollowerGetsAllThereIsInstead() {
    KvEventLog.Follower follower = log.follow(2);
    assertThat(follower.poll(10)).isNotNull();
    log.append(List.of(stored(1), stored(2)));
    log.append(List.of(removed(1)));
    assertThat(follower.poll(10)).isEqualTo(new KvEventBatch(3, true, 0, List.of(stored(2))));
    log.append(List.of(new KvEvent.Cleared(KvTier.POOL), stored(7), stored(8)));
    log.append(List.of(stored(9)));
    KvEventBatch part = follower.poll(2);
    assertThat(part).isNotNull();
    assertThat(part.remaining()).isEqualTo(1);
    log.append(List.of(stored(10)));
    KvEventBatch rest = follower.poll(2);
    assertThat(rest).isNotNull();
    assertThat(rest.sequence()).isEqualTo(7);
    assertThat(rest.remaining()).isZero();
    assertThat(follower.poll(2)).isEqualTo(new KvEventBatch(8, false, 0, List.of(stored(10))));
    follower.close();
  }

  @Test
  void followersAreWokenUntilTheyClose() {
    AtomicInteger woken = new AtomicInteger();
    KvEventLog.Follower follower = log.follow(10);
    follower.onMore(woken::incrementAndGet);
    log.append(List.of(stored(1)));
    assertThat(woken).hasValue(1);
    follower.close();
    log.append(List.of(stored(2)));
    assertThat(woken).hasValue(1);
  }

  @Property(tries = 300)
  void whateverTheirPaceFollowersEndWithWhatIsThere(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int capacity) {
    Random random = new Random(seed);
    KvEventLog events = new KvEventLog();
    Set<KvEvent> held = new HashSet<>();
    List<KvEventLog.Follower> followers = new ArrayList<>();
    List<Mirror> mirrors = new ArrayList<>();
    for (int step = 0; step < 100; step++) {
      if (random.nextInt(20) == 0) {
        followers.add(events.follow(capacity));
        mirrors.add(new Mirror());
      }
      List<KvEvent> some = new ArrayList<>();
      for (int i = random.nextInt(4); i >= 0; i--) {
        KvEvent event = any(random, held);
        Mirror.replay(event, held);
        some.add(event);
      }
      events.append(some);
      for (int i = 0; i < followers.size(); i++) {
        KvEventBatch batch =
            random.nextInt(3) == 0 ? followers.get(i).poll(1 + random.nextInt(5)) : null;
        if (batch != null) {
          mirrors.get(i).apply(batch);
        }
      }
    }
    for (int i = 0; i < followers.size(); i++) {
      KvEventBatch batch = followers.get(i).poll(3);
      while (batch != null) {
        mirrors.get(i).apply(batch);
        batch = followers.get(i).poll(3);
      }
      assertThat(mirrors.get(i).held).isEqualTo(held);
    }
  }

  private static KvEvent any(Random random, Set<KvEvent> held) {
    KvTier tier = List.of(KvTier.values()).get(random.nextInt(3));
    KvEvent.Stored some =
        new KvEvent.Stored(new BlockKey(0, random.nextInt(8)), ROOT, random.nextInt(3), tier);
    if (random.nextInt(40) == 0) {
      return new KvEvent.Cleared(tier);
    }
    boolean there =
        held.stream()
            .anyMatch(
                other ->
                    other instanceof KvEvent.Stored stored
                        && stored.tier() == tier
                        && stored.key().equals(some.key()));
    return there ? new KvEvent.Removed(some.key(), tier) : some;
  }

  @AfterContainer
  static void itWasWorthIt() {
    assertThat(resyncs).isPositive();
    assertThat(increments).isPositive();
  }
}
