package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LatenessTest {

  private final Lateness lateness = new Lateness();

  private double factor(double quantile) {
    return lateness.factor(quantile).orElseThrow();
  }

  @Test
  void fewSayNothing() {
    for (int i = 1; i < Lateness.LEAST; i++) {
      lateness.took(1, 1);
    }
    assertThat(lateness.factor(0.95)).isEmpty();
    lateness.took(0, 5); // beside no prediction
    lateness.took(Double.NaN, 5);
    assertThat(lateness.factor(0.95)).isEmpty();
    lateness.took(1, 1);
    assertThat(factor(0.95)).isEqualTo(1);
  }

  @Test
  void whatAllButFewStayBelow() {
    for (int i = 100; i > 0; i--) {
      lateness.took(2, 2.0 * i);
    }
    assertThat(factor(0.95)).isEqualTo(95);
    assertThat(factor(0.5)).isEqualTo(50);
    assertThat(factor(1)).isEqualTo(100);
  }

  /** A long prompt that takes long is not late. */
  @Test
  void besideThePrediction() {
    for (int i = 0; i < 100; i++) {
      double predicted = i % 2 == 0 ? 0.01 : 100;
      lateness.took(predicted, predicted * 1.5);
    }
    assertThat(factor(0.99)).isCloseTo(1.5, within(1e-9));
  }

  @Test
  void oldOnesAreForgotten() {
    for (int i = 0; i < 1000; i++) {
      lateness.took(1, 50);
    }
    for (int i = 0; i < 200; i++) {
      assertThat(factor(1)).as("after %d", i).isEqualTo(50);
      lateness.took(1, 2);
    }
    assertThat(factor(1)).isEqualTo(2);
  }
}
