package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import dev.andante.testkit.TestTensors;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Products on tiles beside exact ones of the same backend. */
class TilesTest {

  /** Both factors rounded to 8 bits: 2⁻⁹ of each at most, a third of its square in the mean. */
  private static final double LIMIT = 1e-5;

  private final Random random = new Random(3);
  private ComputePool pool;
  private Backend backend;

  @BeforeEach
  void open() {
    assumeThat(KernelLibrary.unavailableReason()).as("the native kernels").isEmpty();
    assumeThat(KernelLibrary.best()).as("instruction set").isEqualTo(InstructionSet.AMX);
    pool = new ComputePool(2);
    backend = new NativeBackend(pool, Precision.FAST, InstructionSet.AMX);
  }

  @AfterEach
  void close() {
    if (backend != null) {
      backend.close();
      pool.close();
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyFormatIsUnpackedAsItIs(DType dtype) {
    Weight weight = backend.load(TestTensors.random(random, "w", dtype, 83, 512));
    near(weight, 50, false);
  }

  /**
   * Rows and outputs of whole tiles and pairs of them and not, inputs of one run and of several.
   */
  @ParameterizedTest
  @CsvSource({
    "32, 16, 32",
    "33, 17, 64",
    "47, 100, 640",
    "48, 32, 672",
    "63, 96, 1536",
    "64, 1000, 576",
    "129, 33, 4160",
    "300, 70, 1312"
  })
  void everyShapeIsMultiplied(int rows, int outputs, int inputs) {
    Weight weight = backend.load(TestTensors.random(random, "w", DType.Q4_1, outputs, inputs));
    near(weight, rows, false);
    near(weight, rows, true);
  }

  /** Several blocks of rows, tiles cut off at the end of each batch, and sums that go on. */
  @ParameterizedTest
  @CsvSource({"300, 83, 1312, false", "300, 83, 1312, true", "577, 64, 96, true"})
  void aRowDoesNotDependOnItsBatch(int rows, int outputs, int inputs, boolean biased) {
    HostTensor bias = biased ? TestTensors.random(random, "b", DType.F32, outputs) : null;
    HostTensor tensor = TestTensors.random(random, "w", DType.Q4_1, outputs, inputs);
    Weight weight = backend.load("w", List.of(tensor), Arrays.asList(bias));
    float[] values = TestTensors.gaussian(random, rows * inputs);
    float[] together = product(Precision.FAST, weight, values, rows, true);
    for (int n : new int[] {32, 45, 200}) {
      for (int from : new int[] {0, 17, rows - n}) {
        float[] some = Arrays.copyOfRange(values, from * inputs, (from + n) * inputs);
        assertThat(product(Precision.FAST, weight, some, n, true))
            .as("rows %d to %d", from, from + n)
            .isEqualTo(Arrays.copyOfRange(together, from * outputs, (from + n) * outputs));
      }
    }
  }

  @Test
  void inputsNeedNotFillATile() {
    near(backend.load(TestTensors.random(random, "w", DType.F32, 40, 207)), 40, true);
    near(backend.load(TestTensors.random(random, "w", DType.BF16, 40, 15)), 40, false);
  }

  @Test
  void partsInDifferentFormatsAndTheirBiasMeet() {
    List<HostTensor> parts =
        List.of(
            TestTensors.random(random, "a", DType.Q4_1, 40, 256),
            TestTensors.random(random, "b", DType.Q6_K, 20, 256),
            TestTensors.random(random, "c", DType.Q4_1, 7, 256));
    List<HostTensor> bias =
        List.of(
            TestTensors.random(random, "d", DType.F32, 40),
            TestTensors.random(random, "e", DType.F32, 20),
            TestTensors.random(random, "f", DType.F32, 7));
    near(backend.load("all", parts, bias), 35, true);
  }

  @ParameterizedTest
  @CsvSource({"32, 32, 64", "45, 96, 576", "270, 3072, 576", "40, 64, 2080"})
  void gatesAreTakenInWhereTheProductIs(int rows, int outputs, int inputs) {
    for (boolean biased : new boolean[] {false, true}) {
      HostTensor tensor = TestTensors.random(random, "w", DType.Q4_1, outputs, inputs);
      HostTensor bias = biased ? TestTensors.random(random, "b", DType.F32, outputs) : null;
      Weight weight = backend.load("w", List.of(tensor), Arrays.asList(bias));
      float[] values = TestTensors.gaussian(random, rows * inputs);
      float[] fast = gated(Precision.FAST, weight, values, rows);
      near(fast, gated(Precision.EXACT, weight, values, rows), 4 * LIMIT);
    }
  }

  private void near(Weight weight, int rows, boolean add) {
    float[] values = TestTensors.gaussian(random, rows * weight.inputs());
    float[] fast = product(Precision.FAST, weight, values, rows, add);
    near(fast, product(Precision.EXACT, weight, values, rows, add), LIMIT);
  }

  /** Normalised mean squared error; none at all would mean that tiles were not used. */
  private static void near(float[] actual, float[] expected, double limit) {
    double error = 0;
    double energy = 0;
    for (int i = 0; i < actual.length; i++) {
      error += Math.pow(actual[i] - (double) expected[i], 2);
      energy += Math.pow(expected[i], 2);
    }
    assertThat(error / energy).isBetween(1e-9, limit);
  }

  private float[] product(
      Precision precision, Weight weight, float[] values, int rows, boolean add) {
    backend.setPrecision(precision);
    try (Tensor x = backend.allocate(rows, weight.inputs());
        Tensor out = backend.allocate(rows, weight.outputs())) {
      backend.write(values, x);
      if (add) {
        float[] before = new float[rows * weight.outputs()];
        Arrays.fill(before, 0.5f);
        backend.write(before, out);
        backend.matmulAdd(x, weight, out);
      } else {
        backend.matmul(x, weight, out);
      }
      return read(out);
    }
  }

  private float[] gated(Precision precision, Weight weight, float[] values, int rows) {
    backend.setPrecision(precision);
    try (Tensor x = backend.allocate(rows, weight.inputs());
        Tensor both = backend.allocate(rows, weight.outputs());
        Tensor out = backend.allocate(rows, weight.outputs() / 2)) {
      backend.write(values, x);
      backend.matmulSiluMul(x, weight, both, out);
      return read(out);
    }
  }

  private float[] read(Tensor x) {
    float[] values = new float[x.rows() * x.columns()];
    backend.read(x, values);
    return values;
  }
}
