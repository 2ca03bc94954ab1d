package dev.andante.qoe.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyModelTest {

  private static final Percentage FEW = Percentage.withPercentage(6);

  /** 1 to limit, every order of magnitude as often. */
  private static int logUniform(Random random, int limit) {
    return (int) Math.round(Math.exp(random.nextDouble() * Math.log(limit)));
  }

  private static double noisy(Random random, double seconds) {
    double noise = 1 + 0.05 * random.nextGaussian();
    boolean outlier = random.nextInt(20) == 0;
    return seconds * Math.max(0.5, noise) * (outlier ? 10 : 1);
  }

  private static double factor(double exponent) {
    return Math.pow(10, exponent);
  }

  private static PrefillModel fitted(PrefillCoefficients truth, Random random, int samples) {
    PrefillModel model = new PrefillModel();
    for (int i = 0; i < samples; i++) {
      int tokens = logUniform(random, 4096);
      int cached = random.nextBoolean() ? 0 : logUniform(random, 8192);
      model.observe(tokens, cached, noisy(random, truth.seconds(tokens, cached)));
    }
    return model;
  }

  private static double times(Random random) {
    return factor(2 * random.nextDouble() - 1);
  }

  /** Of a prompt's time, the greatest relative error over short and long ones. */
  private static double worstPrefillError(long seed) {
    Random random = new Random(seed);
    PrefillCoefficients prior = PrefillCoefficients.PRIOR;
    PrefillCoefficients truth =
        new PrefillCoefficients(
            prior.base() * times(random),
            prior.perToken() * times(random),
            prior.perPair() * times(random));
    PrefillModel model = fitted(truth, random, 2000);
    double worst = 0;
    for (int tokens : new int[] {1, 10, 100, 1000, 4000}) {
      for (int cached : new int[] {0, 500, 8000}) {
        double error = model.seconds(tokens, cached) / truth.seconds(tokens, cached) - 1;
        worst = Math.max(worst, Math.abs(error));
      }
    }
    return worst;
  }

  private static double worstDecodeError(long seed) {
    Random random = new Random(seed);
    DecodeCoefficients prior = DecodeCoefficients.PRIOR;
    DecodeCoefficients truth =
        new DecodeCoefficients(
            prior.base() * times(random),
            prior.perRequest() * times(random),
            prior.perContext() * times(random));
    DecodeModel model = new DecodeModel();
    for (int i = 0; i < 2000; i++) {
      int batch = logUniform(random, 128);
      long tokens = (long) batch * logUniform(random, 4000);
      model.observe(batch, tokens, noisy(random, truth.seconds(batch, tokens)));
    }
    double worst = 0;
    for (int batch : new int[] {1, 8, 64, 128}) {
      for (int each : new int[] {10, 500, 3000}) {
        long tokens = (long) batch * each;
        double error = model.seconds(batch, tokens) / truth.seconds(batch, tokens) - 1;
        worst = Math.max(worst, Math.abs(error));
      }
    }
    return worst;
  }

  /**
   * A machine up to ten times faster or slower than the prior in each term; noise of 5 %, and each
   * twentieth sample takes ten times as long. Over 4,000 machines the worst point was 7 % off.
   */
  @Property(tries = 60)
  void theMachineIsLearntFromNoisySamples(@ForAll long seed) {
    assertThat(worstPrefillError(seed)).isLessThan(0.12);
    assertThat(worstDecodeError(seed)).isLessThan(0.12);
  }

  /** The worst point of a machine is 1.1 % off, at the median. */
  @Test
  void theUsualErrorIsAPercent() {
    double[] prefill =
        LongStream.range(0, 51).mapToDouble(LatencyModelTest::worstPrefillError).sorted().toArray();
    double[] decode =
        LongStream.range(0, 51).mapToDouble(LatencyModelTest::worstDecodeError).sorted().toArray();
    assertThat(prefill[25]).isLessThan(0.02);
    assertThat(decode[25]).isLessThan(0.02);
  }

  @Test
  void coefficientsAreThoseOfTheMachine() {
    PrefillCoefficients truth = new PrefillCoefficients(2e-2, 5e-4, 5e-8);
    Random random = new Random(1);
    PrefillModel model = new PrefillModel();
    for (int i = 0; i < 3000; i++) {
      int tokens = logUniform(random, 4096);
      int cached = random.nextBoolean() ? 0 : logUniform(random, 8192);
      double noise = 1 + 0.02 * random.nextGaussian();
      model.observe(tokens, cached, truth.seconds(tokens, cached) * noise);
    }
    PrefillCoefficients fit = model.coefficients();
    assertThat(fit.base()).isCloseTo(truth.base(), FEW);
    assertThat(fit.perToken()).isCloseTo(truth.perToken(), FEW);
    assertThat(fit.perPair()).isCloseTo(truth.perPair(), FEW);
  }

  /** Whatever the samples, even absurd ones. */
  @Property(tries = 300)
  void neverPredictsNonsense(@ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int samples) {
    Random random = new Random(seed);
    PrefillModel prefill = new PrefillModel();
    DecodeModel decode = new DecodeModel();
    for (int i = 0; i < samples; i++) {
      double seconds = factor(random.nextInt(28) - 14) * random.nextDouble();
      prefill.observe(1 + random.nextInt(100_000), random.nextInt(100_000), seconds);
      decode.observe(1 + random.nextInt(1000), random.nextInt(10_000_000), seconds);
      PrefillCoefficients p = prefill.coefficients();
      DecodeCoefficients d = decode.coefficients();
      assertThat(List.of(p.base(), p.perToken(), p.perPair()))
          .allMatch(coefficient -> coefficient >= 0 && coefficient < 1e25);
      assertThat(List.of(d.base(), d.perRequest(), d.perContext()))
          .allMatch(coefficient -> coefficient >= 0 && coefficient < 1e25);
    }
    assertThat(prefill.seconds(1_000_000, 1_000_000)).isFinite().isNotNegative();
    assertThat(decode.seconds(0, 0)).isFinite().isNotNegative();
  }

  @Test
  void answersSanelyBeforeTheFirstSample() {
    assertThat(new PrefillModel().seconds(1000, 0)).isBetween(0.1, 0.5);
    assertThat(new DecodeModel().seconds(1, 1000)).isBetween(0.001, 0.1);
    PrefillCoefficients prior = new PrefillCoefficients(1, 2, 3);
    assertThat(new PrefillModel(prior, 1).coefficients()).isEqualTo(prior);
    assertThat(new PrefillModel(prior, 1).seconds(10, 5)).isEqualTo(1 + 20 + 3 * 100);
    DecodeCoefficients decode = new DecodeCoefficients(1, 2, 3);
    assertThat(new DecodeModel(decode, 1).seconds(10, 5)).isEqualTo(1 + 20 + 15);
  }

  @Test
  void oneSampleMovesMuchAtTheStartAndOneOutlierLittleLater() {
    DecodeCoefficients truth = new DecodeCoefficients(0.05, 2e-3, 5e-7);
    DecodeModel model = new DecodeModel();
    model.observe(8, 4000, truth.seconds(8, 4000));
    assertThat(model.seconds(8, 4000))
        .isCloseTo(truth.seconds(8, 4000), Percentage.withPercentage(10));
    Random random = new Random(7);
    for (int i = 0; i < 500; i++) {
      int batch = logUniform(random, 64);
      double noise = 1 + 0.05 * random.nextGaussian();
      model.observe(batch, batch * 500L, truth.seconds(batch, batch * 500L) * noise);
    }
    double before = model.seconds(8, 4000);
    model.observe(8, 4000, 100 * truth.seconds(8, 4000));
    assertThat(model.seconds(8, 4000)).isCloseTo(before, Percentage.withPercentage(1));
  }

  /** Robust is not deaf: a neighbour moves in, all takes three times as long, and back again. */
  @Test
  void followsAMachineThatChanges() {
    PrefillCoefficients truth = new PrefillCoefficients(0.01, 3e-4, 2e-8);
    Random random = new Random(3);
    PrefillModel model = fitted(truth, random, 1000);
    for (double slowdown : new double[] {3, 1, 0.3}) {
      for (int i = 0; i < 150; i++) {
        int tokens = logUniform(random, 4096);
        model.observe(tokens, 0, slowdown * noisy(random, truth.seconds(tokens, 0)));
      }
      assertThat(model.seconds(1000, 0))
          .isCloseTo(slowdown * truth.seconds(1000, 0), Percentage.withPercentage(10));
    }
  }

  /** Forgetting is for what is seen anew, not for what has not come by for a while. */
  @Test
  void keepsWhatItLearntOfLongPromptsWhileOnlyShortOnesCome() {
    PrefillCoefficients truth = new PrefillCoefficients(0.01, 4e-4, 8e-8);
    Random random = new Random(5);
    PrefillModel model = fitted(truth, random, 2000);
    for (int i = 0; i < 10_000; i++) {
      model.observe(50, 0, noisy(random, truth.seconds(50, 0)));
    }
    assertThat(model.seconds(50, 0)).isCloseTo(truth.seconds(50, 0), FEW);
    assertThat(model.seconds(4000, 0))
        .isCloseTo(truth.seconds(4000, 0), Percentage.withPercentage(15));
  }

  /**
   * What each term takes cannot be learnt of prompts that are about as long; then it stays as the
   * prior has it, scaled. If noise decided, long ones would be predicted to take from a thirtieth
   * up to thirteen times as long as they do.
   */
  @Test
  void noiseDoesNotDecideWhatPromptsOfOneLengthCannotTell() {
    PrefillCoefficients truth = new PrefillCoefficients(2e-4, 3e-6, 2e-9);
    for (int seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      PrefillModel model = new PrefillModel();
      for (int i = 0; i < 2000; i++) {
        int tokens = 20 + random.nextInt(3);
        double noise = Math.exp(0.3 * random.nextGaussian());
        model.observe(tokens, 0, truth.seconds(tokens, 0) * noise);
      }
      assertThat(model.seconds(2000, 0) / truth.seconds(2000, 0)).isBetween(0.05, 4.0);
    }
  }

  @ParameterizedTest
  @ValueSource(
      doubles = {0, -1, 1e-300, 1e300, Double.NaN, Double.POSITIVE_INFINITY, -Double.MAX_VALUE})
  void ignoresDurationsOfABrokenClock(double seconds) {
    PrefillModel prefill = new PrefillModel();
    DecodeModel decode = new DecodeModel();
    MeanDuration mean = new MeanDuration(4, 0.5);
    assertThat(prefill.observe(10, 0, seconds)).isFalse();
    assertThat(decode.observe(10, 100, seconds)).isFalse();
    assertThat(mean.observe(seconds)).isFalse();
    assertThat(prefill.coefficients()).isEqualTo(PrefillCoefficients.PRIOR);
    assertThat(decode.coefficients()).isEqualTo(DecodeCoefficients.PRIOR);
    assertThat(mean.seconds()).isEqualTo(4);
    assertThat(prefill.observe(10, 0, 1)).isTrue();
    assertThat(decode.observe(10, 100, 1)).isTrue();
    assertThat(mean.observe(8)).isTrue();
    assertThat(mean.seconds()).isEqualTo(6);
  }

  @Test
  void refusesWhatCannotBe() {
    PrefillModel prefill = new PrefillModel();
    DecodeModel decode = new DecodeModel();
    assertThatThrownBy(() -> prefill.observe(0, 0, 1)).hasMessageContaining("at least one token");
    assertThatThrownBy(() -> decode.observe(0, 0, 1)).hasMessageContaining("a request at least");
    assertThatThrownBy(() -> prefill.seconds(-1, 0)).hasMessageContaining("negative");
    assertThatThrownBy(() -> decode.seconds(1, -1)).hasMessageContaining("negative");
    assertThatThrownBy(() -> new PrefillCoefficients(-1, 0, 0)).hasMessageContaining("negative");
    assertThatThrownBy(() -> new DecodeCoefficients(0, Double.NaN, 0))
        .hasMessageContaining("finite");
    assertThatThrownBy(() -> new PrefillModel(new PrefillCoefficients(1, 0, 1), 1))
        .hasMessageContaining("positive");
    assertThatThrownBy(() -> new PrefillModel(PrefillCoefficients.PRIOR, 0))
        .hasMessageContaining("forgetting");
    assertThatThrownBy(() -> new MeanDuration(0, 0.1)).hasMessageContaining("prior");
    assertThatThrownBy(() -> new MeanDuration(1, 2)).hasMessageContaining("rate");
  }

  /** The pairs of each new token and one before it, counted one by one. */
  @Property
  void splittingAPromptIntoChunksCountsTheSamePairs(
      @ForAll @IntRange(min = 1, max = 500) int first,
      @ForAll @IntRange(min = 1, max = 500) int second,
      @ForAll @IntRange(max = 500) int cached) {
    PrefillCoefficients pairs = new PrefillCoefficients(0, 0, 1);
    assertThat(pairs.seconds(first, cached) + pairs.seconds(second, cached + first))
        .isCloseTo(pairs.seconds(first + second, cached), within(1e-6));
  }
}
