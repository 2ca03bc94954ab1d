package dev.andante.simulator.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StepNoiseTest {

  private static final List<Double> PROMPTS = List.of(0.5, 1.5);
  private static final List<Double> ANSWERS = List.of(0.9, 1.0, 1.1);

  private static List<Double> drawn(long seed, boolean hasPrompts) {
    StepNoise noise = new StepNoise(PROMPTS, ANSWERS, seed);
    return Stream.generate(() -> noise.next(hasPrompts)).limit(3000).toList();
  }

  @Test
  void eachFactorIsAsLikelyAsTheOthers() {
    assertThat(drawn(1, true)).hasSameElementsAs(PROMPTS);
    List<Double> answers = drawn(1, false);
    assertThat(answers).hasSameElementsAs(ANSWERS);
    for (double factor : ANSWERS) {
      assertThat(answers.stream().filter(one -> one == factor).count()).isBetween(900L, 1100L);
    }
  }

  @Test
  void equalSeedsDrawEqually() {
    assertThat(drawn(1, false)).isEqualTo(drawn(1, false)).isNotEqualTo(drawn(2, false));
  }

  @Test
  void withoutNoiseStepsTakeWhatTheModelSays() {
    assertThat(StepNoise.none().next(true)).isEqualTo(1);
    assertThat(StepNoise.none().next(false)).isEqualTo(1);
  }

  @Test
  void refusesWhatCannotBe() {
    assertThatThrownBy(() -> new StepNoise(List.of(), ANSWERS, 1))
        .hasMessageContaining("one factor");
    assertThatThrownBy(() -> new StepNoise(PROMPTS, List.of(Double.NaN), 1))
        .hasMessageContaining("none negative");
  }
}
