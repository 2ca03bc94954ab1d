package dev.andante.model.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.model.MoeConfig;
import dev.andante.model.Routing;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExpertRouterTest {

  private static ExpertRouter router(int experts, int perToken, boolean renormalise) {
    return new ExpertRouter(new MoeConfig(experts, perToken, 8, renormalise, Set.of()));
  }

  @Test
  void weightsAreSoftmaxProbabilitiesOfTheLargest() {
    float[] logits = log(0.1f, 0.5f, 0.1f, 0.3f);

    Routing routing = router(4, 2, false).route(logits, 1);

    assertThat(routing.experts()).containsExactly(1, 3);
    assertThat(routing.weight(0, 0)).isEqualTo(0.5f, within(1e-6f));
    assertThat(routing.weight(0, 1)).isEqualTo(0.3f, within(1e-6f));
  }

  @Test
  void renormalisedWeightsSumToOne() {
    Routing routing = router(4, 2, true).route(log(0.1f, 0.5f, 0.1f, 0.3f), 1);

    assertThat(routing.weight(0, 0)).isEqualTo(0.625f, within(1e-6f));
    assertThat(routing.weight(0, 1)).isEqualTo(0.375f, within(1e-6f));
  }

  @Test
  void renormalisedWeightsAreTheSoftmaxOfTheChosenLogits() {
    Random random = new Random(1);
    float[] logits = new float[8];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    float[] copy = logits.clone();

    Routing routing = router(8, 3, true).route(logits, 1);

    double sum = Arrays.stream(routing.experts()).mapToDouble(e -> Math.exp(copy[e])).sum();
    for (int slot = 0; slot < 3; slot++) {
      assertThat((double) routing.weight(0, slot))
          .isEqualTo(Math.exp(copy[routing.expert(0, slot)]) / sum, within(1e-6));
    }
  }

  @Test
  void tiesGoToTheLowerExpert() {
    assertThat(router(6, 3, true).route(new float[6], 1).experts()).containsExactly(0, 1, 2);
    assertThat(router(4, 2, true).route(new float[] {1, 2, 2, 2}, 1).experts())
        .containsExactly(1, 2);
  }

  @Test
  void idsAscendWhateverTheOrderOfScores() {
    Routing routing = router(5, 3, false).route(new float[] {3, 0, 5, 0, 4}, 1);

    assertThat(routing.experts()).containsExactly(0, 2, 4);
    assertThat(routing.weight(0, 1)).isGreaterThan(routing.weight(0, 2));
    assertThat(routing.weight(0, 2)).isGreaterThan(routing.weight(0, 0));
  }

  @Test
  void everyExpertCanBeChosen() {
    assertThat(router(3, 3, false).route(new float[] {0, 9, -9}, 1).experts())
        .containsExactly(0, 1, 2);
  }

  @Test
  void rowsAreRoutedEachOnItsOwn() {
    Random random = new Random(2);
    int rows = 9;
    float[] logits = new float[rows * 6];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    float[] copy = logits.clone();

    Routing all = router(6, 2, true).route(logits, rows);

    for (int row = 0; row < rows; row++) {
      Routing alone = router(6, 2, true).route(Arrays.copyOfRange(copy, row * 6, row * 6 + 6), 1);
      assertThat(alone.experts()).containsExactly(all.expert(row, 0), all.expert(row, 1));
      assertThat(alone.weights()).containsExactly(all.weight(row, 0), all.weight(row, 1));
    }
  }

  @Test
  void largeLogitsDoNotOverflow() {
    Routing routing = router(3, 1, false).route(new float[] {-1e30f, 1e30f, 0}, 1);

    assertThat(routing.experts()).containsExactly(1);
    assertThat(routing.weights()).containsExactly(1f);
  }

  @Test
  void brokenScoresStillChooseDistinctExperts() {
    float[] broken = new float[4];
    Arrays.fill(broken, Float.NaN);

    assertThat(router(4, 2, true).route(broken, 1).experts()).containsExactly(0, 1);
  }

  private static float[] log(float... probabilities) {
    float[] logits = new float[probabilities.length];
    IntStream.range(0, logits.length)
        .forEach(i -> logits[i] = (float) Math.log(probabilities[i]) + 3);
    return logits;
  }
}
