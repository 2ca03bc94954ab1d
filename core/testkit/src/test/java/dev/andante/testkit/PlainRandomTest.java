package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainRandomTest {

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -7, 20261122, Long.MIN_VALUE})
  void itDrawsWhatRandomDraws(long seed) {
    Random expected = new Random(seed);
    Random actual = new PlainRandom(seed);
    for (int i = 0; i < 1000; i++) {
      assertThat(actual.nextGaussian()).isEqualTo(expected.nextGaussian());
      assertThat(actual.nextLong()).isEqualTo(expected.nextLong());
      assertThat(actual.nextInt(1 + i)).isEqualTo(expected.nextInt(1 + i));
      assertThat(actual.nextFloat(0.5f, 1.5f)).isEqualTo(expected.nextFloat(0.5f, 1.5f));
      assertThat(actual.nextDouble()).isEqualTo(expected.nextDouble());
      byte[] bytes = new byte[1 + i % 9];
      byte[] same = new byte[bytes.length];
      actual.nextBytes(bytes);
      expected.nextBytes(same);
      assertThat(bytes).isEqualTo(same);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {3, 99})
  void aNewSeedBeginsAnew(long seed) {
    Random random = new PlainRandom(1);
    random.nextGaussian(); // the second of the pair must not stay
    random.setSeed(seed);
    assertThat(random.nextGaussian()).isEqualTo(new Random(seed).nextGaussian());
  }
}
