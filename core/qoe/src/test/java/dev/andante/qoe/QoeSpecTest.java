package dev.andante.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QoeSpecTest {

  @ParameterizedTest
  @CsvSource({"0, 1", "10, 1", "5000, 1", "5001, 1.0002", "50000, 10", "100000000, 3600"})
  void grantsLongPromptsMoreTime(long promptTokens, double ttft) {
    assertThat(QoeSpec.forPrompt(promptTokens)).isEqualTo(new QoeSpec(ttft, 4.8));
  }

  @Test
  void knowsHowFastPeopleReadAndListen() {
    assertThat(ReaderPace.READING.tokensPerSecond()).isEqualTo(4.8);
    assertThat(ReaderPace.LISTENING.tokensPerSecond()).isEqualTo(3.3);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY, 0.0099, 10_001})
  void refusesAnImpossiblePace(double pace) {
    QoeSpecException refused =
        catchThrowableOfType(QoeSpecException.class, () -> new QoeSpec(1, pace));
    assertThat(refused.field()).isEqualTo(QoeField.TOKENS_PER_SECOND);
    assertThat(refused)
        .hasMessageStartingWith(
            "tokens_per_second must be from 0.01 to 10000 tokens per second, not ");
    assertThatThrownBy(() -> new QoeOverride(null, pace)).hasMessage(refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -0.5, Double.NaN, 3600.5, 31_536_000})
  void refusesAnImpossibleTimeToFirstToken(double ttft) {
    QoeSpecException refused =
        catchThrowableOfType(QoeSpecException.class, () -> new QoeSpec(ttft, 5));
    assertThat(refused.field()).isEqualTo(QoeField.TTFT);
    assertThat(refused).hasMessageStartingWith("ttft must be from 0.001 to 3600 seconds, not ");
    assertThatThrownBy(() -> new QoeOverride(ttft, null)).hasMessage(refused.getMessage());
  }

  @Test
  void showsTheRefusedValueAsAPersonWouldWriteIt() {
    assertThatThrownBy(() -> new QoeSpec(31_536_000, 5)).hasMessageEndingWith("not 31536000");
    assertThatThrownBy(() -> new QoeSpec(1, -0.5)).hasMessageEndingWith("not -0.5");
  }

  @Test
  void acceptsTheLimitsThemselves() {
    assertThat(new QoeSpec(0.001, 0.01).secondsPerToken()).isEqualTo(100);
    assertThat(new QoeSpec(3600, 10_000).secondsPerToken()).isEqualTo(1e-4);
  }

  @Test
  void laterLayersOverruleEarlierOnesFieldByField() {
    QoeOverride model = new QoeOverride(2.0, 6.0);
    QoeOverride tenant = QoeOverride.pace(ReaderPace.LISTENING);
    QoeOverride request = new QoeOverride(0.5, null);
    assertThat(QoeSpec.resolve(1, model, QoeOverride.NONE, QoeOverride.NONE))
        .isEqualTo(new QoeSpec(2, 6));
    assertThat(QoeSpec.resolve(1, model, tenant, QoeOverride.NONE)).isEqualTo(new QoeSpec(2, 3.3));
    assertThat(QoeSpec.resolve(1, model, tenant, request)).isEqualTo(new QoeSpec(0.5, 3.3));
    assertThat(QoeSpec.resolve(20_000, QoeOverride.NONE, tenant, QoeOverride.NONE))
        .isEqualTo(new QoeSpec(4, 3.3));
  }

  @Test
  void refusesANegativePrompt() {
    assertThatThrownBy(() -> QoeSpec.forPrompt(-1)).hasMessageContaining("promptTokens");
  }

  @Test
  void countsWhatIsDue() {
    QoeSpec spec = new QoeSpec(1, 4);
    assertThat(spec.dueTokens(0.9)).isZero();
    assertThat(spec.dueTokens(1.2)).isZero();
    assertThat(spec.dueTokens(1.25)).isEqualTo(1);
    assertThat(spec.dueTokens(3.1)).isEqualTo(8);
    assertThat(spec.idealSeconds(1)).isEqualTo(1);
    assertThat(spec.idealSeconds(9)).isEqualTo(3);
    assertThat(spec.idealSumSeconds(3)).isEqualTo(1 + 1.25 + 1.5);
  }
}
