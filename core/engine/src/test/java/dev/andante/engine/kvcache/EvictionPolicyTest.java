package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who goes first, one chain of blocks or page at a time. */
class EvictionPolicyTest {

  private static final BlockKey ROOT = key(0);

  private static BlockKey key(int name) {
    return new BlockKey(0, name);
  }

  /** Computes a block, or finds it, and lets it go. */
  private static int use(BlockPool pool, int name) {
    int block = pool.find(key(name));
    if (block == BlockPool.NONE) {
      block = pool.allocate();
      pool.name(block, key(name), ROOT, 0);
    } else {
      pool.retain(block);
    }
    pool.release(block);
    return block;
  }

  private static boolean holds(BlockPool pool, int name) {
    return pool.find(key(name)) != BlockPool.NONE;
  }

  /** Blocks named from {@code first} on, each continuing the one before, and let go. */
  private static void chain(BlockPool pool, int first, int length) {
    int[] blocks = new int[length];
    for (int i = 0; i < length; i++) {
      blocks[i] = pool.allocate();
      pool.name(blocks[i], key(first + i), i == 0 ? ROOT : key(first + i - 1), i);
    }
    for (int i = length - 1; i >= 0; i--) {
      pool.release(blocks[i]);
    }
  }

  @Test
  void lruGivesUpWhatWasUsedLongestAgo() {
    BlockPool pool = new BlockPool(3, new LeastRecentlyUsed(3));
    use(pool, 1);
    use(pool, 2);
    use(pool, 3);
    use(pool, 1);
    use(pool, 4);
    assertThat(holds(pool, 2)).isFalse();
    assertThat(holds(pool, 1)).isTrue();
  }

  @Test
  void lfuGivesUpWhatWasUsedByFewest() {
    BlockPool pool = new BlockPool(3, new LeastFrequentlyUsed(3));
    use(pool, 1);
    use(pool, 1);
    use(pool, 2);
    use(pool, 3);
    use(pool, 4);
    use(pool, 5);
    assertThat(holds(pool, 1)).as("used twice, long ago").isTrue();
    assertThat(holds(pool, 2)).isFalse();
    assertThat(holds(pool, 3)).isFalse();
    use(pool, 2);
    use(pool, 6);
    use(pool, 7);
    assertThat(holds(pool, 2)).as("counts end with the content").isFalse();
    assertThat(holds(pool, 6)).isTrue();
  }

  @Test
  void greedyDualGivesUpWhatIsCheapUntilItWasLeftBehind() {
    BlockPool pool = new BlockPool(4, new GreedyDual(4, depth -> depth == 0 ? 1 : 10));
    chain(pool, 1, 2); // ranks 1 and 10; the first cannot go while the second is there
    for (int name = 11; name < 19; name++) {
      use(pool, name);
      assertThat(holds(pool, 2)).as("dear, after %d cheap ones", name - 10).isTrue();
    }
    for (int name = 19; name < 60; name++) {
      use(pool, name);
    }
    assertThat(holds(pool, 2)).as("ten times as dear is not for ever").isFalse();
    assertThat(holds(pool, 1)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(PrefixCachePolicy.class)
  void onlyWhatNothingKeptContinuesGoes(PrefixCachePolicy policy) {
    int blocks = 6;
    BlockPool pool = new BlockPool(blocks, policy.create(blocks, new RecomputeCost(0.5)));
    chain(pool, 1, blocks);
    for (int left = blocks - 1; left >= 0; left--) {
      assertThat(pool.allocate()).isNotEqualTo(BlockPool.NONE);
      for (int i = 0; i < blocks; i++) {
        assertThat(holds(pool, 1 + i)).isEqualTo(i < left);
      }
    }
    assertThat(pool.allocate()).isEqualTo(BlockPool.NONE);
  }

  @ParameterizedTest
  @EnumSource(PrefixCachePolicy.class)
  void whatAnotherStillContinuesMayGoSinceThatOneHasItsOwn(PrefixCachePolicy policy) {
    BlockPool pool = new BlockPool(2, policy.create(2, new RecomputeCost(4)));
    int first = pool.allocate();
    int second = pool.allocate();
    pool.name(first, key(1), ROOT, 0);
    pool.name(second, key(2), key(1), 1);
    pool.release(first);
    assertThat(pool.allocate()).as("kept, and so free").isEqualTo(first);
    pool.release(second);
    pool.name(first, key(1), ROOT, 0);
    pool.release(first);
    int[] none = new int[2];
    pool.checkIntegrity(none);
    pool.allocate();
    assertThat(holds(pool, 2)).as("continues what came back").isFalse();
    assertThat(holds(pool, 1)).isTrue();
  }

  @Test
  void deeperBlocksAreDearer() {
    RecomputeCost cost = RecomputeCost.of(1000, 10, 5, 2);
    assertThat(cost.applyAsDouble(0)).isEqualTo(1);
    assertThat(cost.applyAsDouble(5)).as("10 tokens read as much as 1000 weights").isEqualTo(2);
    assertThatIllegalArgumentException().isThrownBy(() -> new RecomputeCost(0));
  }
}
