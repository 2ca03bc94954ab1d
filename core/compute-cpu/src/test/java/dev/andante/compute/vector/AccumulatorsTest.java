package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.testkit.TestTensors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Bit for bit what the formulas say, in every combination. */
class AccumulatorsTest {

  private static final int[] SIZES = {1, 7, 16, 17, 40, 207};

  private final Random random = new Random(6);

  @Test
  void floatsAreStoredOrAddedWithOrWithoutBias() {
    for (int n : SIZES) {
      float[] values = TestTensors.gaussian(random, n);
      MemorySegment sums = Arena.ofAuto().allocate(4L * n + 8);
      MemorySegment.copy(values, 0, sums, ValueLayout.JAVA_FLOAT_UNALIGNED, 8, n);
      for (float[] bias : biases(n)) {
        for (boolean add : new boolean[] {false, true}) {
          float[] before = TestTensors.gaussian(random, n + 4);
          float[] out = before.clone();
          Accumulators.floats(sums, 8, n, bias, 3, out, 2, add);
          float[] expected = before.clone();
          for (int i = 0; i < n; i++) {
            expected[2 + i] = plus(values[i], bias, 3 + i, add, before[2 + i]);
          }
          assertThat(out).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void integersAreScaledToo() {
    for (int n : SIZES) {
      int[] values = random.ints(n, -20_000_000, 20_000_000).toArray();
      float[] scales = TestTensors.gaussian(random, n + 3);
      MemorySegment sums = Arena.ofAuto().allocate(4L * n + 8);
      MemorySegment.copy(values, 0, sums, ValueLayout.JAVA_INT_UNALIGNED, 8, n);
      for (float[] bias : biases(n)) {
        for (boolean add : new boolean[] {false, true}) {
          float[] before = TestTensors.gaussian(random, n + 4);
          float[] out = before.clone();
          Accumulators.integers(sums, 8, n, 0.37f, scales, bias, 3, out, 2, add);
          float[] expected = before.clone();
          for (int i = 0; i < n; i++) {
            float product = values[i] * (scales[3 + i] * 0.37f);
            expected[2 + i] = plus(product, bias, 3 + i, add, before[2 + i]);
          }
          assertThat(out).isEqualTo(expected);
        }
      }
    }
  }

  private Iterable<float @Nullable []> biases(int n) {
    return Arrays.asList(null, TestTensors.gaussian(random, n + 3));
  }

  private static float plus(
      float value, float @Nullable [] bias, int at, boolean add, float before) {
    float sum = bias == null ? value : value + bias[at];
    return add ? sum + before : sum;
  }
}
