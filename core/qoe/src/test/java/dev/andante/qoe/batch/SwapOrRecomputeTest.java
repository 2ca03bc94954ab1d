package dev.andante.qoe.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.Reading;
import dev.andante.qoe.latency.PrefillCoefficients;
import org.junit.jupiter.api.Test;

class SwapOrRecomputeTest {

  private static final SwapOrRecompute COSTS =
      new SwapOrRecompute(new PrefillCoefficients(0.01, 1e-3, 0), 1e-4);

  private static BatchRequest request(int tokens, int cached, int loadable, int kept) {
    return new BatchRequest(
        1, tokens, cached, Reading.none(Requests.SPEC), 0, 0, loadable, kept, false, 0);
  }

  private static BatchRequest leaving(int tokens, int kept) {
    return request(tokens, tokens, 0, kept);
  }

  @Test
  void leavingCostsWhatComingBackWill() {
    assertThat(COSTS.preemptSeconds(leaving(1000, 0))).isCloseTo(1.01, within(1e-12));
    assertThat(COSTS.preemptSeconds(leaving(1000, 1000))).isCloseTo(0.2, within(1e-12));
    assertThat(COSTS.preemptSeconds(leaving(1000, 990)))
        .as("out and in, and the rest computed")
        .isCloseTo(0.198 + 0.02, within(1e-12));
  }

  @Test
  void startingCostsWhatIsLoadedAndWhatIsNotThereAtAll() {
    assertThat(COSTS.startSeconds(request(1000, 0, 0, 0))).isCloseTo(1.01, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 400, 0, 0))).isCloseTo(0.61, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 400, 500, 0)))
        .isCloseTo(0.05 + 0.11, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 1000, 0, 0)))
        .as("the last token is computed in any case")
        .isCloseTo(0.011, within(1e-12));
    assertThat(COSTS.startSeconds(request(1000, 0, 1000, 0)))
        .isCloseTo(0.0999 + 0.011, within(1e-12));
  }

  /** One that is half done has what it computed once, not once more to load. */
  @Test
  void whatWouldBeKeptIsNotLoaded() {
    assertThat(COSTS.startSeconds(request(1000, 500, 0, 500))).isCloseTo(0.51, within(1e-12));
  }

  @Test
  void whatIsDearOrNotKnownIsComputed() {
    for (double swap : new double[] {0.01, Double.POSITIVE_INFINITY}) {
      SwapOrRecompute dear = new SwapOrRecompute(new PrefillCoefficients(0.01, 1e-3, 0), swap);
      assertThat(dear.startSeconds(request(1000, 400, 500, 0))).isCloseTo(0.61, within(1e-12));
      assertThat(dear.preemptSeconds(leaving(1000, 900))).isCloseTo(1.01, within(1e-12));
    }
  }

  @Test
  void refusesWhatCannotBe() {
    assertThatThrownBy(() -> new SwapOrRecompute(PrefillCoefficients.PRIOR, -1))
        .hasMessageContaining("negative");
    assertThatThrownBy(() -> request(10, 4, 7, 0)).hasMessageContaining("cannot be in host memory");
    assertThatThrownBy(() -> request(10, 0, -1, 0))
        .hasMessageContaining("cannot be in host memory");
    assertThatThrownBy(() -> request(10, 0, 0, 11)).hasMessageContaining("cannot be kept");
  }
}
