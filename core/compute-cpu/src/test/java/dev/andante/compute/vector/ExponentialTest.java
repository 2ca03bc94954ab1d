package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ExponentialTest {

  @Test
  void isWithinTwoUnitsInTheLastPlace() {
    int n = 1 << 17;
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = -87.3f + i * (87.3f + 88.3f) / n;
    }
    float[] actual = x.clone();
    Exponential.apply(actual, 0, n);
    for (int i = 0; i < n; i++) {
      double expected = Math.exp(x[i]);
      double ulps = Math.abs(actual[i] - expected) / Math.ulp((float) expected);
      assertThat(ulps).as("ulps of exp(%s)", x[i]).isLessThanOrEqualTo(2);
    }
  }

  @Test
  void endsOfTheRangeAndNotANumber() {
    float[] x = new float[16];
    Arrays.fill(x, 0);
    x[1] = Float.NEGATIVE_INFINITY;
    x[2] = Float.POSITIVE_INFINITY;
    x[3] = Float.NaN;
    x[4] = -200;
    x[5] = 200;
    x[6] = -0f;
    x[7] = 1;
    Exponential.apply(x, 0, 16);
    assertThat(Arrays.copyOf(x, 8))
        .containsExactly(
            1,
            0,
            Float.POSITIVE_INFINITY,
            Float.NaN,
            0,
            Float.POSITIVE_INFINITY,
            1,
            (float) Math.E);
  }

  @Test
  void anElementDoesNotDependOnItsLane() {
    float[] x = new float[64];
    Arrays.fill(x, -3.21f);
    Exponential.apply(x, 0, 64);
    for (float value : x) {
      assertThat(value).isEqualTo(x[0]);
    }
  }
}
