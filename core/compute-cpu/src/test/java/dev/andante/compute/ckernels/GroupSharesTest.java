package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GroupSharesTest {

  @Test
  void sharesAreTheGroupsWithoutAGap() {
    assertThat(IntStream.rangeClosed(0, 4).map(share -> GroupShares.first(10, share, 4)))
        .containsExactly(0, 2, 5, 7, 10);
  }
}
