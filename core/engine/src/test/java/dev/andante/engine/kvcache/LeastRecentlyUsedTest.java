package dev.andante.engine.kvcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class LeastRecentlyUsedTest {

  private static final int BLOCKS = 7;

  /** Against the JDK's insertion-ordered set. */
  @Property(tries = 300)
  void behavesLikeItsModel(@ForAll @Size(max = 80) List<@IntRange(max = 20) Integer> actions) {
    LeastRecentlyUsed policy = new LeastRecentlyUsed(BLOCKS);
    SequencedSet<Integer> model = new LinkedHashSet<>();
    for (int action : actions) {
      int block = action / 3;
      switch (action % 3) {
        case 0 -> {
          if (model.add(block)) {
            policy.add(block);
          }
        }
        case 1 -> {
          if (model.remove(block)) {
            policy.remove(block);
          }
        }
        default -> {
          if (!model.isEmpty()) {
            assertThat(policy.evict()).isEqualTo(model.removeFirst());
          }
        }
      }
      assertThat(policy.size()).isEqualTo(model.size());
      for (int i = 0; i < BLOCKS; i++) {
        assertThat(policy.contains(i)).isEqualTo(model.contains(i));
      }
    }
  }

  @Test
  void misuseIsAnError() {
    LeastRecentlyUsed policy = new LeastRecentlyUsed(2);
    assertThatIllegalStateException().isThrownBy(policy::evict);
    assertThatIllegalStateException().isThrownBy(() -> policy.remove(1));
    policy.add(1);
    assertThatIllegalStateException().isThrownBy(() -> policy.add(1));
  }
}
