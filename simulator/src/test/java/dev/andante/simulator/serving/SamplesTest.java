package dev.andante.simulator.serving;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SamplesTest {

  @Test
  void percentilesAreValuesThatWereThere() {
    Samples samples = new Samples();
    assertThat(samples.percentile(0.5)).isZero();
    for (int i = 2000; i > 0; i--) {
      samples.add(i);
    }
    assertThat(samples.percentile(0.5)).isEqualTo(1000);
    assertThat(samples.percentile(0.99)).isEqualTo(1980);
    assertThat(samples.percentile(1)).isEqualTo(2000);
    assertThat(samples.percentile(1e-9)).isEqualTo(1);
    assertThat(samples.mean()).isEqualTo(1000.5);
  }
}
