package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GroupSharesTest {

  @Test
  void everyShareIsTakenOnce() {
    for (int threads = 1; threads <= 5; threads++) {
      for (int shares = 1; shares <= 23; shares++) {
        int of = shares;
        int by = threads;
        assertThat(IntStream.range(0, of).map(i -> GroupShares.inTurn(i, of, by)))
            .as("%d shares, %d threads", shares, threads)
            .containsExactlyInAnyOrderElementsOf(IntStream.range(0, of).boxed().toList());
      }
    }
  }

  @Test
  void aThreadThatTakesEverySecondTaskGoesOnWhereItWas() {
    assertThat(IntStream.range(0, 5).map(i -> GroupShares.inTurn(i, 5, 2)))
        .containsExactly(0, 3, 1, 4, 2);
  }

  @Test
  void sharesAreTheGroupsWithoutAGap() {
    assertThat(IntStream.rangeClosed(0, 4).map(share -> GroupShares.first(10, share, 4)))
        .containsExactly(0, 2, 5, 7, 10);
  }
}
