package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PrefixCacheTest {

  private static final int BLOCK = 4;
  private static final BlockKey ROOT = new BlockKey(0, 0);

  private final BlockPool pool = new BlockPool(6);
  private final int[] copied = {BlockPool.NONE, BlockPool.NONE};
  private final PrefixCache cache = cache("model", true);

  private PrefixCache cache(String model, boolean on) {
    return new PrefixCache(
        pool,
        BLOCK,
        model,
        (from, to) -> {
          copied[0] = from;
          copied[1] = to;
        },
        on);
  }

  /** A sequence whose tokens are computed and known. */
  private BlockTable computed(int... tokens) {
    BlockTable table = new BlockTable(pool, BLOCK);
    assertThat(cache.open(table, tokens, tokens.length, 0)).isGreaterThanOrEqualTo(0);
    cache.publish(table, tokens, tokens.length);
    return table;
  }

  @Test
  void fullBlocksAreSharedWhileInUseAndAfter() {
    BlockTable first = computed(1, 2, 3, 4, 5, 6, 7, 8, 9);
    int[] tokens = {1, 2, 3, 4, 5, 6, 7, 8, 99, 100};
    BlockTable second = new BlockTable(pool, BLOCK);
    assertThat(cache.open(second, tokens, 10, 0)).isEqualTo(8);
    assertThat(second.size()).isEqualTo(3);
    assertThat(second.block(0)).isEqualTo(first.block(0));
    assertThat(second.block(1)).isEqualTo(first.block(1));
    assertThat(second.block(2)).as("its own, to write to").isNotEqualTo(first.block(2));
    assertThat(pool.free()).isEqualTo(6 - 4);
    first.releaseAll();
    second.releaseAll();
    assertThat(pool.free()).as("free, with content").isEqualTo(6);
    assertThat(pool.kept()).isEqualTo(2);
    BlockTable third = new BlockTable(pool, BLOCK);
    assertThat(cache.open(third, tokens, 10, 0)).isEqualTo(8);
    assertThat(pool.kept()).isZero();
  }

  @Test
  void aBlockIsKnownByAllThatComesBeforeIt() {
    computed(1, 2, 3, 4, 5, 6, 7, 8);
    int[] other = {0, 2, 3, 4, 5, 6, 7, 8, 9};
    assertThat(cache.open(new BlockTable(pool, BLOCK), other, 9, 0)).isZero();
  }

  @Test
  void anotherModelKnowsNothing() {
    computed(1, 2, 3, 4, 5);
    int[] tokens = {1, 2, 3, 4, 5};
    assertThat(cache("other", true).open(new BlockTable(pool, BLOCK), tokens, 5, 0)).isZero();
  }

  @Test
  void partialBlocksAreNotShared() {
    computed(1, 2, 3);
    assertThat(cache.open(new BlockTable(pool, BLOCK), new int[] {1, 2, 3, 4}, 4, 0)).isZero();
  }

  @Test
  void theLastTokenIsComputedInACopy() {
    int[] tokens = {1, 2, 3, 4, 5, 6, 7, 8};
    BlockTable first = computed(tokens);
    BlockTable second = new BlockTable(pool, BLOCK);
    assertThat(cache.open(second, tokens, 8, 0)).isEqualTo(7);
    assertThat(second.block(0)).isEqualTo(first.block(0));
    assertThat(copied).containsExactly(first.block(1), second.block(1));
    assertThat(pool.references(first.block(1))).isEqualTo(1);
    assertThat(pool.named(second.block(1))).isFalse();
  }

  @Test
  void withoutRoomForACopyTheLastBlockIsComputedAnew() {
    int[] tokens = new int[6 * BLOCK];
    Arrays.setAll(tokens, i -> i);
    computed(tokens).releaseAll();
    BlockTable again = new BlockTable(pool, BLOCK);
    assertThat(cache.open(again, tokens, tokens.length, 0)).isEqualTo(5 * BLOCK);
    assertThat(again.size()).isEqualTo(6);
    assertThat(pool.free()).isZero();
    assertThat(copied).as("nothing was copied").containsOnly(BlockPool.NONE);
  }

  @Test
  void withoutRoomNothingChanges() {
    BlockTable first = computed(1, 2, 3, 4, 5, 6, 7, 8);
    int[] tokens = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    for (int spare = 3; spare < 6; spare++) {
      BlockTable table = new BlockTable(pool, BLOCK);
      assertThat(cache.open(table, tokens, 13, spare)).isEqualTo(PrefixCache.NO_ROOM);
      assertThat(table.size()).isZero();
      assertThat(pool.free()).isEqualTo(4);
    }
    BlockTable whole = new BlockTable(pool, BLOCK);
    assertThat(cache.open(whole, tokens, 8, 4)).as("no room for the copy").isEqualTo(-1);
    first.releaseAll();
    assertThat(cache.open(new BlockTable(pool, BLOCK), tokens, 13, 2)).isEqualTo(8);
  }

  @Test
  void whatWasUsedLongestAgoIsGivenUpFirstAndPrefixesLast() {
    BlockTable old = computed(1, 2, 3, 4, 5, 6, 7, 8);
    BlockTable young = computed(9, 9, 9, 9);
    old.releaseAll();
    young.releaseAll();
    BlockTable large = new BlockTable(pool, BLOCK);
    assertThat(large.ensure(4 * BLOCK)).isTrue(); // three blank ones and one more
    int[] tokens = {1, 2, 3, 4, 5, 6, 7, 8, 0};
    BlockTable again = new BlockTable(pool, BLOCK);
    assertThat(cache.open(again, tokens, 5, 0)).as("the prefix is there").isEqualTo(4);
    again.releaseAll();
    large.releaseAll();
  }

  @Test
  void whatComesFromElsewhereIsNotShared() {
    BlockTable foreign = new BlockTable(pool, BLOCK);
    int[] tokens = {1, 2, 3, 4, 5};
    foreign.ensure(5);
    foreign.contentIsForeign();
    cache.publish(foreign, tokens, 5);
    assertThat(cache.open(new BlockTable(pool, BLOCK), tokens, 5, 0)).isZero();
    foreign.releaseAll();
    assertThat(cache.open(foreign, tokens, 5, 0)).isZero();
    cache.publish(foreign, tokens, 5);
    assertThat(cache.open(new BlockTable(pool, BLOCK), tokens, 5, 0))
        .as("computed here after all")
        .isEqualTo(4);
  }

  @Test
  void switchedOffItOnlyAllocates() {
    PrefixCache off = cache("model", false);
    int[] tokens = {1, 2, 3, 4, 5};
    for (int i = 0; i < 2; i++) {
      BlockTable table = new BlockTable(pool, BLOCK);
      assertThat(off.open(table, tokens, 5, 0)).isZero();
      off.publish(table, tokens, 5);
      table.releaseAll();
      assertThat(pool.kept()).isZero();
    }
    assertThat(off.open(new BlockTable(pool, BLOCK), tokens, 5, 5)).isEqualTo(PrefixCache.NO_ROOM);
  }

  @Test
  void misuseIsAnError() {
    BlockTable table = computed(1, 2, 3, 4);
    assertThatIllegalStateException()
        .isThrownBy(() -> cache.open(table, new int[] {1, 2, 3, 4}, 4, 0));
    assertThatIllegalStateException()
        .isThrownBy(() -> pool.name(table.block(0), new BlockKey(1, 1), ROOT, 0));
    assertThatIllegalStateException().isThrownBy(() -> pool.name(5, new BlockKey(1, 1), ROOT, 0));
  }
}
