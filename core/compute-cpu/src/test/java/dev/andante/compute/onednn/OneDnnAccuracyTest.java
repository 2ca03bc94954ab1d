package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.compute.reference.ReferenceBackend;
import dev.andante.testkit.TestTensors;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How far products are from the reference, over enough of them for a mean to mean something. */
class OneDnnAccuracyTest {

  private static final int ROWS = 40;
  private static final int INPUTS = 576;
  private static final int OUTPUTS = 300;

  /**
   * Both factors rounded: to 8 significant bits, which gives about 4e-6, more where a few terms
   * rule; to 127 (or 63) steps of the largest of a row, which for Gaussian rows is about 3.2 times
   * their spread.
   */
  private static double limit(Format format, Arithmetic arithmetic) {
    return switch (format) {
      case BF16 -> 1e-5;
      case S8 -> arithmetic.equals(new ByteArithmetic(ByteArithmetic.FULL)) ? 2e-4 : 5e-4;
    };
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void productsAreAsCloseAsTheirNumbersAllow(Format format) {
    Random random = new Random(3);
    HostTensor tensor = TestTensors.random(random, "w", DType.F32, OUTPUTS, INPUTS);
    float[] values = TestTensors.gaussian(random, ROWS * INPUTS);
    check(format, tensor, values);
  }

  /** As in language models: without turning, s8 would be off by a hundredth. */
  @ParameterizedTest
  @EnumSource(Format.class)
  void aFewLargeInputsDoNotDrownTheOthers(Format format) {
    Random random = new Random(4);
    HostTensor tensor = TestTensors.random(random, "w", DType.F32, OUTPUTS, INPUTS);
    float[] values = TestTensors.gaussian(random, ROWS * INPUTS);
    for (int row = 0; row < ROWS; row++) {
      for (int input : new int[] {17, 130, 500}) {
        values[row * INPUTS + input] *= 60;
      }
    }
    check(format, tensor, values);
  }

  private static void check(Format format, HostTensor tensor, float[] values) {
    try (ComputePool pool = new ComputePool(2);
        OneDnnBackend backend = OneDnnTests.backend(pool, format, Precision.FAST, 1);
        Backend reference = new ReferenceBackend(pool)) {
      float[] actual = product(backend, tensor, values);
      float[] expected = product(reference, tensor, values);
      double error = 0;
      double energy = 0;
      for (int i = 0; i < actual.length; i++) {
        error += Math.pow(actual[i] - (double) expected[i], 2);
        energy += Math.pow(expected[i], 2);
      }
      assertThat(error / energy)
          .as("normalised mean squared error of %s", backend.description())
          .isBetween(1e-16, limit(format, backend.arithmetic()));
    }
  }

  private static float[] product(Backend on, HostTensor tensor, float[] values) {
    try (Tensor x = on.allocate(ROWS, INPUTS);
        Tensor out = on.allocate(ROWS, OUTPUTS)) {
      on.write(values, x);
      on.matmul(x, on.load(tensor), out);
      float[] result = new float[ROWS * OUTPUTS];
      on.read(out, result);
      return result;
    }
  }
}
