package dev.andante.model.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RopeFrequenciesTest {

  @Test
  void fallGeometricallyFromOne() {
    float[] frequencies = RopeFrequencies.of(10_000, 8);

    assertThat(frequencies).hasSize(4);
    assertThat(frequencies[0]).isEqualTo(1);
    assertThat(frequencies[1]).isEqualTo(0.1f, within(1e-7f));
    assertThat(frequencies[3]).isEqualTo(0.001f, within(1e-9f));
  }

  @Test
  void linearScalingSlowsAllEvenly() {
    assertThat(RopeFrequencies.linear(new float[] {1, 0.5f}, 4)).containsExactly(0.25f, 0.125f);
  }

  @Test
  void givenFactorsDivide() {
    assertThat(RopeFrequencies.divided(new float[] {1, 0.5f}, new float[] {1, 8}))
        .containsExactly(1, 0.0625f);
  }

  /** Wavelengths 8, 32 and 100 over an original context of 64. */
  @Test
  void llama3KeepsShortStretchesLongAndBlendsBetween() {
    float[] frequencies = {
      (float) (2 * Math.PI / 8), (float) (2 * Math.PI / 32), (float) (2 * Math.PI / 100)
    };

    float[] scaled = RopeFrequencies.llama3(frequencies, 8, 1, 4, 64);

    assertThat(scaled[0]).isEqualTo(frequencies[0], within(1e-7f));
    // 64 / 32 = 2 turns: a third of the way from low 1 to high 4
    float third = frequencies[1] * (2f / 3 / 8 + 1f / 3);
    assertThat(scaled[1]).isEqualTo(third, within(1e-7f));
    assertThat(scaled[2]).isEqualTo(frequencies[2] / 8, within(1e-9f));
  }
}
