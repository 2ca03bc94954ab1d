package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BlockHeapTest {

  private static final int BLOCKS = 9;

  /** Against a set that is searched for its least element. */
  @Property(tries = 500)
  void behavesLikeItsModel(@ForAll @Size(max = 150) List<@IntRange(max = 9999) Integer> actions) {
    BlockHeap heap = new BlockHeap(BLOCKS);
    Set<Integer> model = new HashSet<>();
    double[] rank = new double[BLOCKS];
    long[] time = new long[BLOCKS];
    for (int at = 0; at < actions.size(); at++) {
      int action = actions.get(at);
      int block = action / 5 % BLOCKS;
      switch (action % 5) {
        case 0 -> {
          if (model.add(block)) {
            heap.add(block);
          }
        }
        case 1 -> {
          if (model.remove(block)) {
            heap.remove(block);
          }
        }
        case 2 -> {
          rank[block] = action / 5 / BLOCKS % 3;
          heap.rank(block, rank[block]);
        }
        case 3 -> {
          time[block] = at + 1L;
          heap.time(block, time[block]);
        }
        default -> {
          if (!model.isEmpty()) {
            int first = heap.poll();
            int expected =
                model.stream()
                    .min(
                        Comparator.<Integer>comparingDouble(b -> rank[b])
                            .thenComparingLong(b -> time[b]))
                    .orElseThrow();
            assertThat(rank[first]).isEqualTo(rank[expected]);
            assertThat(time[first]).isEqualTo(time[expected]);
            assertThat(model.remove(first)).isTrue();
          }
        }
      }
      assertThat(heap.size()).isEqualTo(model.size());
      for (int i = 0; i < BLOCKS; i++) {
        assertThat(heap.contains(i)).isEqualTo(model.contains(i));
      }
    }
  }

  @Test
  void misuseIsAnError() {
    BlockHeap heap = new BlockHeap(2);
    assertThatIllegalStateException().isThrownBy(heap::poll);
    assertThatIllegalStateException().isThrownBy(() -> heap.remove(1));
    heap.add(1);
    assertThatIllegalStateException().isThrownBy(() -> heap.add(1));
  }
}
