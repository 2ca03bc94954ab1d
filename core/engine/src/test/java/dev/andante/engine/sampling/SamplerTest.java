package dev.andante.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GeneratedToken.Alternative;
import dev.andante.engine.SamplingParams;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SamplerTest {

  private static SamplingParams greedy(
      float presence, float frequency, float repetition, Map<Integer, Float> bias, int top) {
    return new SamplingParams(
        0, 0, 1, 0, presence, frequency, repetition, 0, bias, top >= 0, Math.max(0, top));
  }

  private static int choose(float[] logits, SamplingParams params, TokenCounts counts) {
    return new Sampler(logits.length).sample(logits, params, counts, 0).id();
  }

  @Test
  void presenceCountsOnceFrequencyEachTime() {
    TokenCounts counts = new TokenCounts();
    counts.addGenerated(0);
    counts.addGenerated(0);
    counts.addGenerated(0);
    counts.addPrompt(1);
    assertThat(choose(new float[] {2, 1.2f}, greedy(1, 0, 1, Map.of(), -1), counts)).isEqualTo(1);
    assertThat(choose(new float[] {2.3f, 1.2f}, greedy(1, 0, 1, Map.of(), -1), counts)).isZero();
    assertThat(choose(new float[] {2.3f, 1.2f}, greedy(0, 0.5f, 1, Map.of(), -1), counts))
        .isEqualTo(1);
    // the prompt does not count for these two
    assertThat(choose(new float[] {0, 0.1f}, greedy(2, 2, 1, Map.of(), -1), counts)).isEqualTo(1);
  }

  @Test
  void repetitionCountsThePromptToo() {
    TokenCounts counts = new TokenCounts();
    counts.addPrompt(0);
    assertThat(choose(new float[] {2, 1.5f}, greedy(0, 0, 2, Map.of(), -1), counts)).isEqualTo(1);
    // negative logits are multiplied: -1 becomes -2
    assertThat(choose(new float[] {-1, -1.5f}, greedy(0, 0, 2, Map.of(), -1), counts)).isEqualTo(1);
  }

  /** As vLLM documents: bias before penalties, so that a penalty divides the biased logit. */
  @Test
  void biasComesBeforePenalties() {
    TokenCounts counts = new TokenCounts();
    counts.addPrompt(0);
    // (1 + 4) / 2 = 2.5 < 2.6; penalties first would give 0.5 + 4
    assertThat(choose(new float[] {1, 2.6f}, greedy(0, 0, 2, Map.of(0, 4f), -1), counts))
        .isEqualTo(1);
  }

  @Test
  void maskedTokensAreNotChosenWhateverTheirBias() {
    Sampler sampler = new Sampler(3);
    GeneratedToken token =
        sampler.sample(
            new float[] {9, 1, 2},
            greedy(0, 0, 1, Map.of(0, 50f), -1),
            new TokenCounts(),
            new int[] {0, 77, -1},
            0);
    assertThat(token.id()).isEqualTo(2);
  }

  @Test
  void logprobsAreThoseOfTheRawLogits() {
    float[] logits = {1, 3, 2, 3};
    double sum = Math.exp(1) + Math.exp(3) + Math.exp(2) + Math.exp(3);
    GeneratedToken token =
        new Sampler(4).sample(logits, greedy(0, 0, 1, Map.of(0, 100f), 3), new TokenCounts(), 0);
    assertThat(token.id()).isZero();
    assertThat(token.logprob()).isCloseTo((float) (1 - Math.log(sum)), within(1e-6f));
    assertThat(token.top()).extracting(Alternative::id).containsExactly(1, 3, 2);
    assertThat(token.top().getFirst().logprob())
        .isCloseTo((float) (3 - Math.log(sum)), within(1e-6f));
  }

  @Test
  void moreAlternativesThanTokens() {
    GeneratedToken token =
        new Sampler(2)
            .sample(new float[] {1, 2}, greedy(0, 0, 1, Map.of(), 20), new TokenCounts(), 0);
    assertThat(token.top()).extracting(Alternative::id).containsExactly(1, 0);
  }

  @Test
  void plainMeansNothingTouchesTheLogits() {
    assertThat(Sampler.isPlain(SamplingParams.GREEDY)).isTrue();
    assertThat(Sampler.isPlain(greedy(0.1f, 0, 1, Map.of(), -1))).isFalse();
    assertThat(Sampler.isPlain(greedy(0, 0, 1, Map.of(1, 1f), -1))).isFalse();
    assertThat(Sampler.isPlain(greedy(0, 0, 1, Map.of(), 0))).isFalse();
  }

  @Test
  void countsManyIds() {
    TokenCounts counts = new TokenCounts();
    for (int i = 0; i < 5000; i++) {
      counts.addGenerated(i % 1000);
    }
    assertThat(counts.size()).isEqualTo(1000);
    float[] logits = new float[1001];
    counts.penalise(logits, 1, 1, 0);
    assertThat(logits[0]).isEqualTo(-5);
    assertThat(logits[999]).isEqualTo(-5);
    assertThat(logits[1000]).isZero();
  }
}
