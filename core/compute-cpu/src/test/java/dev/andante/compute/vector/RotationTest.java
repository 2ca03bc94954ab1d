package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.testkit.TestTensors;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RotationTest {

  private final Random random = new Random(8);

  private static float[] turned(float[] x, int at, int n) {
    float[] target = new float[n];
    Rotation.turn(x, at, n, target);
    return target;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 128, 576, 1536})
  void productsGrowByTheBlock(int n) {
    float[] a = TestTensors.gaussian(random, n);
    float[] b = TestTensors.gaussian(random, n);
    assertThat(dot(turned(a, 0, n), turned(b, 0, n)) / Rotation.block(n))
        .isEqualTo(dot(a, b), within(1e-3));
    assertThat(dot(turned(a, 0, n), turned(a, 0, n)) / Rotation.block(n))
        .isEqualTo(dot(a, a), within(1e-3));
  }

  /** Additions in pairs, nearest first: the bits do not depend on the width of vectors. */
  @ParameterizedTest
  @ValueSource(ints = {64, 128, 576, 1536})
  void bitsAreThoseOfTheTextbook(int n) {
    float[] x = TestTensors.gaussian(random, n + 3);
    float[] expected = Arrays.copyOfRange(x, 3, 3 + n);
    for (int i = 0; i < n; i++) {
      expected[i] *= i % 128 * 0x9E3779B1 < 0 ? -1 : 1;
    }
    for (int distance = 1; distance < Rotation.block(n); distance *= 2) {
      for (int i = 0; i < n; i++) {
        if ((i & distance) == 0) {
          float a = expected[i];
          float b = expected[i + distance];
          expected[i] = a + b;
          expected[i + distance] = a - b;
        }
      }
    }
    assertThat(turned(x, 3, n)).isEqualTo(expected);
  }

  @Test
  void oneElementIsSpreadOverItsBlockAndNoFurther() {
    float[] x = new float[192];
    x[64 + 5] = 3;
    float[] turned = turned(x, 0, 192);
    for (int i = 0; i < 192; i++) {
      assertThat(Math.abs(turned[i])).isEqualTo(i / 64 == 1 ? 3f : 0f);
    }
  }

  @Test
  void aRowMayBeTurnedInPlace() {
    float[] x = TestTensors.gaussian(random, 192);
    float[] expected = turned(x, 0, 192);
    Rotation.turn(x, 0, 192, x);
    assertThat(x).isEqualTo(expected);
  }

  @Test
  void onlyWholeBlocksAreTurned() {
    assertThat(Rotation.block(576)).isEqualTo(64);
    assertThat(Rotation.block(1536)).isEqualTo(128);
    assertThat(Rotation.block(4096)).isEqualTo(128);
    assertThat(Rotation.block(207)).isEqualTo(1);
    assertThat(Rotation.block(96)).isEqualTo(1);
  }
}
