package dev.andante.model.experts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.model.Routing;
import org.junit.jupiter.api.Test;

class ExpertGroupsTest {

  @Test
  void groupsRowsByExpertInAscendingOrder() {
    Routing routing =
        new Routing(3, 2, new int[] {1, 4, 0, 4, 1, 4}, new float[] {.1f, .2f, .3f, .4f, .5f, .6f});

    ExpertGroups groups = ExpertGroups.of(routing, 6);

    assertThat(groups.experts()).containsExactly(0, 1, 4);
    assertThat(groups.offsets()).containsExactly(0, 1, 3, 6);
    assertThat(groups.rows()).containsExactly(1, 0, 2, 0, 1, 2);
    assertThat(groups.weights()).containsExactly(.3f, .1f, .5f, .2f, .4f, .6f);
    assertThat(groups.count(2)).isEqualTo(3);
    assertThat(groups.entries()).isEqualTo(6);
  }

  @Test
  void oneRowOneExpert() {
    ExpertGroups groups = ExpertGroups.of(new Routing(1, 1, new int[] {5}, new float[] {1}), 6);

    assertThat(groups.experts()).containsExactly(5);
    assertThat(groups.offsets()).containsExactly(0, 1);
  }
}
