package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.BlockKey;
import dev.andante.protocol.v1.KvBlock;
import dev.andante.protocol.v1.KvChange;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.KvCleared;
import dev.andante.protocol.v1.KvTier;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class KeptBlocksTest {

  private final KeptBlocks kept = new KeptBlocks();

  private static KvChange stored(long key, KvTier tier) {
    return KvChange.newBuilder()
        .setTier(tier)
        .setStored(KvBlock.newBuilder().setKey(BlockKey.newBuilder().setHigh(key)))
        .build();
  }

  private static KvChange removed(long key, KvTier tier) {
    return KvChange.newBuilder()
        .setTier(tier)
        .setRemoved(BlockKey.newBuilder().setHigh(key))
        .build();
  }

  private static KvChange cleared(KvTier tier) {
    return KvChange.newBuilder().setTier(tier).setCleared(KvCleared.getDefaultInstance()).build();
  }

  private void tells(KvChange... changes) {
    kept.apply(KvChanges.newBuilder().addAllChanges(List.of(changes)).build());
  }

  private void resync(long sequence, int remaining, long... keys) {
    KvChanges.Builder message =
        KvChanges.newBuilder().setResync(true).setSequence(sequence).setRemaining(remaining);
    LongStream.of(keys).forEach(key -> message.addChanges(stored(key, KvTier.KV_TIER_POOL)));
    kept.apply(message.build());
  }

  private List<Long> known() {
    return LongStream.range(0, 20).filter(key -> kept.has(new BlockName(key, 0))).boxed().toList();
  }

  @Test
  void whatIsStoredIsKnownUntilItIsRemoved() {
    tells(stored(1, KvTier.KV_TIER_POOL), stored(2, KvTier.KV_TIER_POOL));
    assertThat(known()).containsExactly(1L, 2L);
    tells(removed(1, KvTier.KV_TIER_POOL), removed(9, KvTier.KV_TIER_POOL));
    assertThat(known()).containsExactly(2L);
  }

  @Test
  void aBlockIsThereWhileAnyTierHasIt() {
    tells(stored(1, KvTier.KV_TIER_POOL), stored(1, KvTier.KV_TIER_HOST));
    tells(removed(1, KvTier.KV_TIER_POOL), stored(2, KvTier.KV_TIER_DISK));
    assertThat(known()).containsExactly(1L, 2L);
    tells(cleared(KvTier.KV_TIER_HOST));
    assertThat(known()).containsExactly(2L);
    tells(cleared(KvTier.KV_TIER_POOL));
    assertThat(known()).containsExactly(2L);
  }

  @Test
  void aResyncReplacesAllOnceHoweverManyPartsItHas() {
    tells(stored(1, KvTier.KV_TIER_POOL));
    resync(7, 2, 2, 3);
    resync(7, 0, 4, 5);
    assertThat(known()).containsExactly(2L, 3L, 4L, 5L);
    tells(stored(6, KvTier.KV_TIER_POOL));
    resync(9, 0);
    assertThat(known()).as("the engine holds nothing").isEmpty();
  }

  @Test
  void aResyncThatBeginsAnewInTheMiddleOfOne() {
    resync(7, 2, 2, 3);
    resync(8, 1, 4);
    resync(8, 0, 5);
    assertThat(known()).containsExactly(4L, 5L);
  }

  @Test
  void afterwardsNothingIsKnown() {
    resync(7, 2, 2, 3);
    kept.forget();
    assertThat(known()).isEmpty();
    resync(7, 1, 4);
    resync(7, 0, 5);
    assertThat(known()).containsExactly(4L, 5L);
  }

  @Test
  void changesOfAKindOrTierThatIsNotKnownBreakNothing() {
    tells(KvChange.getDefaultInstance());
    tells(
        KvChange.newBuilder()
            .setTierValue(77)
            .setStored(KvBlock.newBuilder().setKey(BlockKey.newBuilder().setHigh(3)))
            .build());
    assertThat(known()).containsExactly(3L);
  }
}
