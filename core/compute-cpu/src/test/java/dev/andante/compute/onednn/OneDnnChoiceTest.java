package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.testkit.TestTensors;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whose bits a product has: the library's or the other backend's. */
class OneDnnChoiceTest {

  private static final int INPUTS = 576;
  private static final int OUTPUTS = 96;

  private final Random random = new Random(5);
  private final float[] values = TestTensors.gaussian(random, 40 * INPUTS);

  @ParameterizedTest
  @EnumSource(Format.class)
  void fewRowsAreTheOtherBackends(Format format) {
    HostTensor tensor = TestTensors.random(random, "w", DType.Q4_1, OUTPUTS, INPUTS);
    try (ComputePool pool = new ComputePool(2);
        Backend backend = OneDnnTests.backend(pool, format, Precision.FAST, 17);
        Backend rest = OneDnnProvider.rest(pool, Precision.FAST)) {
      for (int rows : new int[] {1, 16}) {
        assertThat(product(backend, tensor, rows)).isEqualTo(product(rest, tensor, rows));
      }
      for (int rows : new int[] {17, 40}) {
        assertThat(product(backend, tensor, rows)).isNotEqualTo(product(rest, tensor, rows));
      }
      backend.setPrecision(Precision.EXACT);
      rest.setPrecision(Precision.EXACT);
      assertThat(product(backend, tensor, 40)).isEqualTo(product(rest, tensor, 40));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "Q4_1", "Q6_K"})
  void exactProductsOfWeightsThatBf16CannotHoldAreTheOtherBackends(DType dtype) {
    HostTensor tensor = TestTensors.random(random, "w", dtype, OUTPUTS, 512);
    try (ComputePool pool = new ComputePool(2);
        Backend backend = OneDnnTests.backend(pool, Format.BF16, Precision.EXACT, 1);
        Backend rest = OneDnnProvider.rest(pool, Precision.EXACT)) {
      assertThat(product(backend, tensor, 33)).isEqualTo(product(rest, tensor, 33));
    }
  }

  /** One copy of them, in either precision, and the same bits for any number of rows. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void weightsOfBf16AreTheLibrarysWhereThatIsFast(Precision precision) {
    OneDnn library = OneDnnTests.openOrSkip();
    assumeThat(ArithmeticChoice.hasFastBf16(library)).as("instructions for bf16").isTrue();
    HostTensor tensor = TestTensors.random(random, "w", DType.BF16, OUTPUTS, INPUTS);
    try (ComputePool pool = new ComputePool(2);
        Backend backend = OneDnnTests.backend(pool, Format.BF16, precision, 17)) {
      float[] many = product(backend, tensor, 40);
      float[] one = product(backend, tensor, 1);
      assertThat(one).isEqualTo(Arrays.copyOf(many, OUTPUTS));
      assertThat(backend.load(tensor).bytes()).isEqualTo(2L * 128 * INPUTS + 4 * OUTPUTS);
    }
  }

  @Test
  void bytesAreOnlyForThoseWhoAskedToBeFast() {
    HostTensor tensor = TestTensors.random(random, "w", DType.BF16, OUTPUTS, INPUTS);
    try (ComputePool pool = new ComputePool(2);
        Backend exact = OneDnnTests.backend(pool, Format.S8, Precision.EXACT, 1);
        Backend fast = OneDnnTests.backend(pool, Format.S8, Precision.FAST, 1);
        Backend bf16 = OneDnnTests.backend(pool, Format.BF16, Precision.EXACT, 1)) {
      assertThat(product(exact, tensor, 33)).isEqualTo(product(bf16, tensor, 33));
      assertThat(product(fast, tensor, 33)).isNotEqualTo(product(bf16, tensor, 33));
    }
  }

  private float[] product(Backend on, HostTensor tensor, int rows) {
    int inputs = tensor.columns();
    try (Tensor x = on.allocate(rows, inputs);
        Tensor out = on.allocate(rows, OUTPUTS)) {
      on.write(values, x);
      on.matmul(x, on.load(tensor), out);
      float[] result = new float[rows * OUTPUTS];
      on.read(out, result);
      return result;
    }
  }
}
