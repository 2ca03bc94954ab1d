package dev.andante.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QoeMetricTest {

  private static final QoeSpec SPEC = new QoeSpec(1, 5);

  @Test
  void punishesEachSecondThatTheFirstTokenIsLate() {
    Reading late = Reading.none(SPEC).with(3, 0.2, 10);
    double plain = QoeMetric.V2.of(late);
    assertThat(new QoeMetric(QoeDefinition.V2, 0.5).of(late)).isCloseTo(plain / 4, within(1e-12));
    assertThat(new QoeMetric(QoeDefinition.V1, 0.9).of(late))
        .isCloseTo(QoeMetric.V1.of(late) * 0.81, within(1e-12));
    assertThat(new QoeMetric(QoeDefinition.V2, 0).of(late)).isZero();
  }

  @Test
  void earlyFirstTokensEarnNothingAndLaterPausesCostNoPenalty() {
    Reading early = Reading.none(SPEC).with(0.1).with(9);
    assertThat(new QoeMetric(QoeDefinition.V2, 0).of(early)).isEqualTo(QoeMetric.V2.of(early));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1.1, Double.NaN})
  void refusesAPenaltyThatIsNone(double alpha) {
    assertThatThrownBy(() -> new QoeMetric(QoeDefinition.V2, alpha))
        .hasMessageContaining("ttftPenalty must be from 0 to 1");
  }

  @Test
  void refusesArrivalsThatAreNotTimes() {
    assertThatThrownBy(() -> Reading.none(SPEC).with(Double.NaN)).hasMessageContaining("finite");
    assertThatThrownBy(() -> Reading.none(SPEC).with(1, -1, 2)).hasMessageContaining("negative");
    assertThat(Reading.none(SPEC).with(1, 1, 0)).isEqualTo(Reading.none(SPEC));
  }
}
