package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BlockPoolTest {

  @Test
  void refusesToFreeTwice() {
    BlockPool pool = new BlockPool(2);
    int block = pool.allocate();
    pool.release(block);
    assertThatIllegalStateException().isThrownBy(() -> pool.release(block));
    assertThatIllegalStateException().isThrownBy(() -> pool.retain(block));
    assertThatIllegalArgumentException().isThrownBy(() -> new BlockPool(0));
  }

  @Test
  void handsOutTheLeastRecentlyFreedFirst() {
    BlockPool pool = new BlockPool(3);
    int a = pool.allocate();
    int b = pool.allocate();
    pool.release(b);
    pool.release(a);
    assertThat(List.of(pool.allocate(), pool.allocate(), pool.allocate())).containsExactly(2, b, a);
    assertThat(pool.allocate()).isEqualTo(BlockPool.NONE);
  }

  @Test
  void findsLostAndStolenBlocks() {
    BlockPool pool = new BlockPool(2);
    int block = pool.allocate();
    assertThatIllegalStateException()
        .isThrownBy(() -> pool.checkIntegrity(new int[2]))
        .withMessageContaining("1 references, 0 owners");
    int[] owned = new int[2];
    owned[block] = 1;
    pool.checkIntegrity(owned);
    owned[1 - block] = 1;
    assertThatIllegalStateException().isThrownBy(() -> pool.checkIntegrity(owned));
  }

  @Test
  void tableGrowsAllOrNothing() {
    BlockPool pool = new BlockPool(3);
    BlockTable table = new BlockTable(pool, 4);
    assertThat(table.ensure(5)).isTrue();
    assertThat(table.size()).isEqualTo(2);
    assertThat(table.ensure(13)).isFalse();
    assertThat(pool.free()).isEqualTo(1);
    assertThat(table.ensure(8)).isTrue();
    assertThat(table.capacity()).isEqualTo(8);
    table.releaseAll();
    assertThat(pool.free()).isEqualTo(3);
  }

  /** Against a list of owners per block. */
  @Property(tries = 200)
  void behavesLikeItsModel(
      @ForAll @IntRange(min = 1, max = 12) int blocks,
      @ForAll @Size(max = 120) List<@IntRange(max = 9999) Integer> actions) {
    BlockPool pool = new BlockPool(blocks);
    List<Integer> held = new ArrayList<>();
    for (int action : actions) {
      int pick = held.isEmpty() ? -1 : held.get(action / 3 % held.size());
      switch (action % 3) {
        case 0 -> {
          int block = pool.allocate();
          assertThat(block == BlockPool.NONE).isEqualTo(held.stream().distinct().count() == blocks);
          if (block != BlockPool.NONE) {
            assertThat(held).doesNotContain(block);
            held.add(block);
          }
        }
        case 1 -> {
          if (pick >= 0) {
            pool.retain(pick);
            held.add(pick);
          }
        }
        default -> {
          if (pick >= 0) {
            pool.release(pick);
            held.remove(Integer.valueOf(pick));
          }
        }
      }
      int[] owned = new int[blocks];
      held.forEach(block -> owned[block]++);
      pool.checkIntegrity(owned);
      assertThat(pool.free()).isEqualTo(blocks - (int) held.stream().distinct().count());
    }
  }
}
