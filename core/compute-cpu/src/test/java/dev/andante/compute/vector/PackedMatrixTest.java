package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Dequantizer;
import dev.andante.compute.HostTensor;
import dev.andante.testkit.TestTensors;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Packed weights are what the file says, and sums are taken in the order the package promises. */
class PackedMatrixTest {

  private final Random random = new Random(5);

  private static int[] inputs(DType dtype) {
    return switch (dtype.blockElements()) {
      case 1 -> new int[] {1, 7, 8, 9, 31, 207, 576};
      case 32 -> new int[] {32, 64, 96, 160, 576};
      default -> new int[] {256, 768};
    };
  }

  private static PackedMatrix pack(HostTensor tensor) {
    try (ComputePool pool = new ComputePool(2)) {
      VectorWeight weight = new WeightPacker(pool).pack("w", List.of(tensor), null);
      assertThat(weight.parts()).hasSize(1);
      return weight.parts()[0];
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void unpackingGivesTheFilesNumbersExactly(DType dtype) {
    for (int inputs : inputs(dtype)) {
      HostTensor tensor = TestTensors.random(random, "w", dtype, 5, inputs);
      PackedMatrix matrix = pack(tensor);
      float[] expected = Dequantizer.dequantize(tensor);
      int padded = Lanes.roundUp(inputs);
      for (int output = 0; output < 5; output++) {
        float[] row = new float[padded + 2];
        Arrays.fill(row, Float.NaN);
        matrix.unpack(output, row, 1);
        for (int i = 0; i < inputs; i++) {
          assertThat(row[1 + i])
              .as("%s of %s inputs: [%s, %s]", dtype, inputs, output, i)
              .isEqualTo(expected[output * inputs + i] + 0f); // the sign of a zero is free
        }
        for (int i = inputs; i < padded; i++) {
          assertThat(row[1 + i]).as("padding").isZero();
        }
        assertThat(row[0]).isNaN();
        assertThat(row[padded + 1]).isNaN();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void sumsAreTakenLaneByLaneThenByHalves(DType dtype) {
    for (int inputs : inputs(dtype)) {
      int padded = Lanes.roundUp(inputs);
      PackedMatrix matrix = pack(TestTensors.random(random, "w", dtype, 5, inputs));
      float[] x = Arrays.copyOf(TestTensors.gaussian(random, inputs), padded);
      float[] w = new float[padded];
      float[] dots = new float[6];
      for (int from = 0; from < 5; from++) {
        matrix.dot(x, 0, from, 5, dots, 1);
        for (int output = from; output < 5; output++) {
          matrix.unpack(output, w, 0);
          assertThat(dots[1 + output - from])
              .as("%s of %s inputs, output %s", dtype, inputs, output)
              .isEqualTo(inOrder(x, w));
        }
      }
      assertThat(dots[0]).isZero();
    }
  }

  private static float inOrder(float[] x, float[] w) {
    float[] lanes = new float[Lanes.COUNT];
    for (int i = 0; i < x.length; i++) {
      lanes[i % Lanes.COUNT] = Math.fma(x[i], w[i], lanes[i % Lanes.COUNT]);
    }
    for (int half = Lanes.COUNT / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; lane++) {
        lanes[lane] += lanes[lane + half];
      }
    }
    return lanes[0];
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void quantisedWeightsStaySmall(DType dtype) {
    PackedMatrix matrix = pack(TestTensors.random(random, "w", dtype, 8, 768));
    double bitsPerWeight = matrix.bytes() * 8.0 / (8 * 768);
    double bound =
        switch (dtype) {
          case F32, F16 -> 32;
          case BF16 -> 16;
          case Q4_0, Q4_1, Q4_K -> 6;
          case Q5_0, Q5_1, Q8_0, Q5_K -> 10;
          case Q6_K -> 12;
        };
    assertThat(bitsPerWeight).isLessThanOrEqualTo(bound);
  }
}
