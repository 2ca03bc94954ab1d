package dev.andante.engine.tiers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.kvcache.KvTier;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadCostTest {

  private static final KvTier H = KvTier.HOST;
  private static final KvTier D = KvTier.DISK;

  /** A token takes a millisecond, and another for each hundred before it. */
  private final LoadCost cost =
      new LoadCost((context, tokens) -> tokens * (1e-3 + context * 1e-5), 10);

  private void took(KvTier tier, double seconds) {
    for (int i = 0; i < 200; i++) {
      cost.observe(tier, (long) (seconds * 1e9));
    }
  }

  @Test
  void whatIsNotKnownIsTried() {
    assertThat(cost.worth(0, List.of(H, D, H))).isEqualTo(3);
    assertThat(cost.worth(0, List.of())).isZero();
  }

  @Test
  void loadingWhatIsDearerThanComputingIsNotWorthIt() {
    took(H, 5e-3);
    took(D, 15e-3);
    assertThat(cost.worth(0, List.of(H, H))).as("10 ms a block").isEqualTo(2);
    assertThat(cost.worth(0, List.of(D, D))).isZero();
    assertThat(cost.worth(10, List.of(D, D))).as("20 ms a block").isEqualTo(2);
  }

  @Test
  void aDearBlockIsLoadedForWhatComesAfterIt() {
    took(H, 1e-3);
    took(D, 15e-3);
    assertThat(cost.worth(0, List.of(D, H))).as("16 ms for 21").isEqualTo(2);
    assertThat(cost.worth(0, List.of(H, D))).as("the last one alone").isEqualTo(1);
  }

  @Test
  void whatWasDearOnceIsTriedAgainSomeTime() {
    took(D, 1);
    int refusals = 0;
    while (cost.worth(0, List.of(D)) == 0) {
      refusals++;
      assertThat(refusals).isLessThan(1000);
    }
    assertThat(refusals).isGreaterThan(100);
    assertThat(cost.worth(0, Collections.nCopies(4, D))).isEqualTo(4);
  }

  @Test
  void lateObservationsCountMore() {
    took(H, 1e-3);
    took(H, 3e-3);
    assertThat(cost.seconds(H)).isBetween(2.9e-3, 3e-3);
    assertThat(cost.seconds(D)).isZero();
  }
}
