package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecisionProbeTest {

  /** Noise of standard deviation s on logits gives a divergence of about s² / 2. */
  @ParameterizedTest
  @CsvSource({"0, true", "0.05, true", "0.5, false", "NaN, false"})
  void fastIsUsedWhereItIsCloseEnough(float noise, boolean expected) {
    assertThat(fastIsCloseEnough(noise, 1)).isEqualTo(expected);
  }

  @Test
  void bothFewRowsAndManyAreTried() {
    assertThat(fastIsCloseEnough(0.5f, 48)).isFalse();
    assertThat(fastIsCloseEnough(0.5f, 1000)).as("more rows than are worth trying").isTrue();
  }

  private static boolean fastIsCloseEnough(float noise, int manyRows) {
    try (ComputePool pool = new ComputePool(1)) {
      Backend backend =
          new NoisyBackend(Backends.open("reference", pool), noise, manyRows).backend();
      try (LanguageModel model =
          DummyModels.load(TinyModels.llamaConfig(), backend, 42, ModelOptions.defaults())) {
        double divergence = PrecisionProbe.divergence(model, backend, pool);
        assertThat(backend.precision()).isEqualTo(Precision.FAST);
        return PrecisionProbe.isCloseEnough(divergence);
      }
    }
  }
}
