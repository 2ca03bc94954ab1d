package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A stream that breaks off and is resumed elsewhere goes on with the tokens it would have had. */
class ResumeTest {

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void goesOnWhereItBroke(boolean sampled) {
    SamplingParams sampling = sampled ? seeded(99) : SamplingParams.GREEDY;
    int[] prompt = prompt(11, 3);
    int most = 24;
    List<Integer> whole;
    try (EngineFixture f = new EngineFixture()) {
      whole = f.generate("a", PromptTokens.of(prompt), sampling, stop(most), false).await().ids();
      assertThat(whole).hasSize(most);
    }
    try (EngineFixture f = new EngineFixture()) {
      for (int k = 1; k <= most; k++) {
        int[] resumed = Arrays.copyOf(prompt, prompt.length + k);
        for (int i = 0; i < k; i++) {
          resumed[prompt.length + i] = whole.get(i);
        }
        var rest =
            f.generate("r" + k, new PromptTokens(resumed, k), sampling, stop(most), false).await();
        assertThat(rest.ids()).as("after %s", k).isEqualTo(whole.subList(k, most));
        assertThat(rest.reason()).isEqualTo(FinishReason.LENGTH);
      }
      f.assertIdle();
    }
  }

  /**
   * The random number of a token belongs to its place in the sequence, wherever the prompt ends.
   */
  @Test
  void randomNumbersBelongToAbsolutePositions() {
    SamplingParams flat = new SamplingParams(3, 0, 1, 0, 0, 0, 1, 42, Map.of(), false, 0);
    int[] prompt = prompt(11, 3);
    try (EngineFixture f = new EngineFixture()) {
      List<Integer> whole =
          f.generate("a", PromptTokens.of(prompt), flat, stop(24), false).await().ids();
      int[] longer = Arrays.copyOf(prompt, prompt.length + 10);
      for (int i = 0; i < 10; i++) {
        longer[prompt.length + i] = whole.get(i);
      }
      assertThat(f.generate("b", PromptTokens.of(longer), flat, stop(14), false).await().ids())
          .isEqualTo(whole.subList(10, 24));
    }
  }
}
