package dev.andante.qoe.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.Reading;
import dev.andante.qoe.batch.SwapOrRecompute.Mode;
import dev.andante.qoe.latency.PrefillCoefficients;
import org.junit.jupiter.api.Test;

class SwapOrRecomputeTest {

  private static final SwapOrRecompute COSTS =
      new SwapOrRecompute(new PrefillCoefficients(0.01, 1e-3, 0), 0.05, 1e-4, 5000);

  private static BatchRequest request(int tokens, int cached, boolean swapped) {
    return new BatchRequest(1, tokens, cached, Reading.none(Requests.SPEC), 0, 0, swapped);
  }

  @Test
  void choosesWhatIsFasterAtTheLength() {
    // Out and in: 0.1 + 2e-4 n against 0.01 + 1e-3 n.
    assertThat(COSTS.mode(112)).isEqualTo(Mode.RECOMPUTE);
    assertThat(COSTS.mode(113)).isEqualTo(Mode.SWAP);
    assertThat(COSTS.mode(5000)).isEqualTo(Mode.SWAP);
    assertThat(COSTS.mode(5001)).as("no room on the host").isEqualTo(Mode.RECOMPUTE);
  }

  @Test
  void preemptingCostsTheSwapOutOnly() {
    assertThat(COSTS.preemptSeconds(request(100, 0, false))).isZero();
    assertThat(COSTS.preemptSeconds(request(1000, 0, false))).isCloseTo(0.15, within(1e-12));
  }

  @Test
  void startingCostsTheSwapInOrWhatIsNotThereYet() {
    assertThat(COSTS.startSeconds(request(1000, 0, true))).isCloseTo(0.15, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 0, false))).isCloseTo(1.01, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 400, false))).isCloseTo(0.61, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 1000, false))).isCloseTo(0.011, within(1e-12));
  }

  @Test
  void withoutAHostTierEverythingIsComputedAgain() {
    SwapOrRecompute costs = SwapOrRecompute.recomputing(new PrefillCoefficients(0.01, 1e-3, 0));
    assertThat(costs.mode(100_000)).isEqualTo(Mode.RECOMPUTE);
  }

  @Test
  void refusesNegativeTimes() {
    assertThatThrownBy(() -> new SwapOrRecompute(PrefillCoefficients.PRIOR, -1, 0, 0))
        .hasMessageContaining("negative");
  }
}
