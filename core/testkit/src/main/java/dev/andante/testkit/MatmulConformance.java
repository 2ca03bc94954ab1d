package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.Backend;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products with weights of every format. */
abstract class MatmulConformance extends ElementwiseConformance {

  /** What a faster exponential and quotient may cost where products are rounded anyway. */
  private static final double GATES_OF_MANY_ROWS = 1e-7;

  /** Input counts that a format can have, awkward ones first. */
  private static int[] inputs(DType dtype) {
    return switch (dtype.blockElements()) {
      case 1 -> SIZES;
      case 32 -> new int[] {32, 64, 96, 288, 576};
      default -> new int[] {256, 512, 768};
    };
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void productsOfEveryFormatAndSize(DType dtype) {
    assumeThat(dtypes()).as("supported formats").contains(dtype);
    for (int inputs : inputs(dtype)) {
      for (int outputs : SIZES) {
        HostTensor tensor = TestTensors.random(random(), "w", dtype, outputs, inputs);
        Weight weight = backend().load(tensor);
        assertThat(weight.outputs()).isEqualTo(outputs);
        assertThat(weight.inputs()).isEqualTo(inputs);
        assertThat(weight.bytes()).isPositive();
        Weight expected = reference().load(tensor);
        for (int rows : ROWS) {
          float[] values = gaussian(rows * inputs);
          close(
              dtype + " [" + rows + ", " + inputs + "] x [" + outputs + ", " + inputs + "]",
              matmulLimit(rows * outputs),
              product(backend(), values, rows, weight),
              product(reference(), values, rows, expected));
        }
      }
    }
  }

  static float[] product(Backend on, float[] values, int rows, Weight weight) {
    try (Tensor x = upload(on, values, rows);
        Tensor out = on.allocate(rows, weight.outputs())) {
      on.matmul(x, weight, out);
      return download(on, out);
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void aRowsProductDependsOnThatRowAlone(DType dtype) {
    assumeThat(dtypes()).as("supported formats").contains(dtype);
    int[] sizes = inputs(dtype);
    for (int inputs : new int[] {sizes[0], sizes[3 % sizes.length], sizes[sizes.length - 1]}) {
      int outputs = 103;
      Weight weight = backend().load(TestTensors.random(random(), "w", dtype, outputs, inputs));
      float[] values = gaussian(33 * inputs);
      float[] alone = new float[33 * outputs];
      for (int r = 0; r < 33; r++) {
        float[] one = product(backend(), rows(values, inputs, r, r + 1), 1, weight);
        System.arraycopy(one, 0, alone, r * outputs, outputs);
      }
      float[] all = product(backend(), values, 33, weight);
      for (int from = 0; from <= 5; from += 5) {
        for (int to = from + 2; to <= 33; to++) {
          sameBits(
              dtype + " of " + inputs + " inputs, rows [" + from + ", " + to + ") together",
              product(backend(), rows(values, inputs, from, to), to - from, weight),
              rows(to - from < backend().manyRows() ? alone : all, outputs, from, to));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void anOutputDoesNotDependOnWhatItIsStackedWith(DType dtype) {
    assumeThat(dtypes()).as("supported formats").contains(dtype);
    int inputs = inputs(dtype)[2];
    HostTensor first = TestTensors.random(random(), "first", dtype, 5, inputs);
    HostTensor second = TestTensors.random(random(), "second", dtype, 67, inputs);
    for (int rows : new int[] {1, 6}) {
      float[] values = gaussian(rows * inputs);
      Weight stacked = backend().load("both", List.of(first, second), null);
      assertThat(stacked.name()).isEqualTo("both");
      float[] both = product(backend(), values, rows, stacked);
      float[] one = product(backend(), values, rows, backend().load(first));
      float[] two = product(backend(), values, rows, backend().load(second));
      for (int r = 0; r < rows; r++) {
        sameBits("first part", rowPart(both, 72, r, 0, 5), rows(one, 5, r, r + 1));
        sameBits("second part", rowPart(both, 72, r, 5, 72), rows(two, 67, r, r + 1));
      }
    }
  }

  private static float[] rowPart(float[] values, int columns, int row, int from, int to) {
    return java.util.Arrays.copyOfRange(values, row * columns + from, row * columns + to);
  }

  @Test
  void fusedPartsMayMixFormatsAndBiases() {
    List<DType> mixed = new ArrayList<>();
    for (DType dtype : List.of(DType.Q4_1, DType.F32, DType.Q8_0)) {
      if (dtypes().contains(dtype)) {
        mixed.add(dtype);
      }
    }
    int inputs = 96;
    List<HostTensor> parts = new ArrayList<>();
    List<HostTensor> bias = new ArrayList<>();
    int outputs = 0;
    for (DType dtype : mixed) {
      int n = 9 + 13 * parts.size();
      parts.add(TestTensors.random(random(), "part" + parts.size(), dtype, n, inputs));
      bias.add(
          parts.size() == 2
              ? null
              : TestTensors.random(random(), "bias" + parts.size(), DType.F32, n));
      outputs += n;
    }
    int columns = outputs;
    for (int rows : ROWS) {
      float[] values = gaussian(rows * inputs);
      float[] before = gaussian(rows * columns);
      agree(
          "fused parts with bias, " + rows + " rows",
          matmulLimit(),
          on -> {
            Tensor out = on.allocate(rows, columns);
            on.matmul(upload(on, values, rows), on.load("fused", parts, bias), out);
            return download(on, out);
          });
      agree(
          "added to views, " + rows + " rows",
          matmulLimit(),
          on -> {
            Tensor sum = uploadView(on, before, rows);
            on.matmulAdd(uploadView(on, values, rows), on.load("fused", parts, bias), sum);
            return download(on, sum);
          });
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void gatedProductsAreAProductAndItsGates(DType dtype) {
    assumeThat(dtypes()).as("supported formats").contains(dtype);
    int inputs = inputs(dtype)[2];
    for (int n : new int[] {5, 16, 48, 208}) {
      List<HostTensor> parts =
          List.of(
              TestTensors.random(random(), "gate", dtype, n, inputs),
              TestTensors.random(random(), "up", dtype, n, inputs));
      List<HostTensor> bias =
          List.of(
              TestTensors.random(random(), "gate bias", DType.F32, n),
              TestTensors.random(random(), "up bias", DType.F32, n));
      for (List<HostTensor> offsets : java.util.Arrays.asList(null, bias)) {
        Weight weight = backend().load("gateUp", parts, offsets);
        for (int rows : ROWS) {
          gatedProduct(weight, gaussian(rows * inputs), rows, n);
        }
        gatedProduct(weight, gaussian(70 * inputs), 70, n);
      }
    }
  }

  private void gatedProduct(Weight weight, float[] values, int rows, int n) {
    Tensor x = uploadView(backend(), values, rows);
    Tensor both = backend().allocate(rows, 2 * n);
    Tensor expected = backend().allocate(rows, n);
    backend().matmul(x, weight, both);
    backend().siluMul(both, expected);
    Tensor wide = backend().allocate(rows, n + 7);
    Tensor between = backend().allocate(rows, 2 * n + 3).columns(1, 2 * n + 1);
    backend().matmulSiluMul(x, weight, between, wide.columns(3, n + 3));
    String what = weight.name() + " of " + n + ", " + rows + " rows";
    float[] actual = download(backend(), wide.columns(3, n + 3));
    if (rows < backend().manyRows()) {
      sameBits(what, actual, download(backend(), expected));
    } else {
      close(what, GATES_OF_MANY_ROWS, actual, download(backend(), expected));
    }
    assertThat(download(backend(), wide.columns(0, 3))).as("before the view").containsOnly(0);
    assertThat(download(backend(), wide.columns(n + 3, n + 7)))
        .as("beyond the view")
        .containsOnly(0);
  }

  /** Gates of whole groups of a backend's lanes and not, rows on either side of its many. */
  @ParameterizedTest
  @ValueSource(ints = {5, 32, 48, 96})
  void aFeedForwardLayerIsItsTwoProducts(int n) {
    Weight gateUp =
        backend()
            .load(
                "gateUp",
                List.of(
                    TestTensors.random(random(), "gate", DType.F32, n, 64),
                    TestTensors.random(random(), "up", DType.F32, n, 64)),
                null);
    Weight down = backend().load(TestTensors.random(random(), "down", DType.F32, 41, n));
    for (int rows : new int[] {1, 16, 32, 50}) {
      Tensor x = uploadView(backend(), gaussian(rows * 64), rows);
      float[] before = gaussian(rows * 41);
      Tensor both = backend().allocate(rows, 2 * n);
      Tensor inner = backend().allocate(rows, n);
      Tensor expected = backend().allocate(rows, 41);
      backend().write(before, expected);
      backend().matmulSiluMul(x, gateUp, both, inner);
      backend().matmulAdd(inner, down, expected);
      Tensor sum = backend().allocate(rows, 41);
      backend().write(before, sum);
      backend().feedForward(x, gateUp, down, both, inner, sum);
      sameBits(
          n + " gates, " + rows + " rows", download(backend(), sum), download(backend(), expected));
    }
  }

  /** One format, two, and one that is not rounded beside one that is. */
  @Test
  void aNormInFrontOfAProductIsBothOneAfterTheOther() {
    HostTensor plain = TestTensors.random(random(), "plain", DType.F32, 20, 64);
    HostTensor small = TestTensors.random(random(), "small", DType.Q8_0, 20, 64);
    for (List<HostTensor> parts : List.of(List.of(small), List.of(plain), List.of(plain, small))) {
      Weight weight = backend().load("w", parts, null);
      Weight gain = backend().load(TestTensors.random(random(), "gain", DType.F32, 64));
      for (int rows : new int[] {1, 7, 32, 70}) {
        Tensor x = uploadView(backend(), gaussian(rows * 64), rows);
        Tensor normed = backend().allocate(rows, 64);
        Tensor expected = backend().allocate(rows, weight.outputs());
        backend().rmsNorm(x, gain, 1e-5f, normed);
        backend().matmul(normed, weight, expected);
        Tensor actual =
            backend().allocate(rows, weight.outputs() + 3).columns(2, weight.outputs() + 2);
        backend().rmsNormMatmul(x, gain, 1e-5f, backend().allocate(rows, 64), weight, actual);
        sameBits(
            parts + ", " + rows + " rows",
            download(backend(), actual),
            download(backend(), expected));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "Q8_0"})
  void aNormInFrontOfAFeedForwardLayerIsBothOneAfterTheOther(DType dtype) {
    for (int n : new int[] {32, 96, 160}) {
      Weight gateUp =
          backend()
              .load(
                  "gateUp",
                  List.of(
                      TestTensors.random(random(), "gate", dtype, n, 64),
                      TestTensors.random(random(), "up", dtype, n, 64)),
                  null);
      Weight down = backend().load(TestTensors.random(random(), "down", dtype, 64, n));
      Weight gain = backend().load(TestTensors.random(random(), "gain", DType.F32, 64));
      for (int rows : new int[] {1, 16, 32, 70}) {
        float[] values = gaussian(rows * 64);
        Tensor normed = backend().allocate(rows, 64);
        Tensor both = backend().allocate(rows, 2 * n);
        Tensor inner = backend().allocate(rows, n);
        Tensor expected = upload(backend(), values, rows);
        backend().rmsNorm(expected, gain, 1e-5f, normed);
        backend().feedForward(normed, gateUp, down, both, inner, expected);
        Tensor x = uploadView(backend(), values, rows);
        backend().rmsNormFeedForward(x, gain, 1e-5f, normed, gateUp, down, both, inner);
        sameBits(
            dtype + ", " + n + " gates, " + rows + " rows",
            download(backend(), x),
            download(backend(), expected));
      }
    }
  }

  @Test
  void aViewGivesTheSameBitsAsADenseTensor() {
    int inputs = 96;
    Weight weight = backend().load(TestTensors.random(random(), "w", DType.F32, 41, inputs));
    for (int rows : ROWS) {
      float[] values = gaussian(rows * inputs);
      Tensor wide = backend().allocate(rows, 60);
      backend().matmul(uploadView(backend(), values, rows), weight, wide.columns(11, 52));
      sameBits(
          "view of " + rows + " rows",
          download(backend(), wide.columns(11, 52)),
          product(backend(), values, rows, weight));
      assertThat(download(backend(), wide.columns(52, 60))).as("beyond the view").containsOnly(0);
      assertThat(download(backend(), wide.columns(0, 11))).as("before the view").containsOnly(0);
    }
  }

  @Test
  void stackedMatricesAreOneMatrix() {
    float[] values = gaussian(2 * 3 * 32);
    float[] x = gaussian(4 * 32);
    HostTensor stacked = TestTensors.of("experts", values, 2, 3, 32);
    HostTensor flat = TestTensors.of("flat", values, 6, 32);
    sameBits(
        "stacked",
        product(backend(), x, 4, backend().load(stacked)),
        product(backend(), x, 4, backend().load(flat)));
  }

  @Test
  void notANumberStaysInItsRow() {
    int inputs = 96;
    Weight weight = backend().load(TestTensors.random(random(), "w", DType.F32, 41, inputs));
    for (int rows : new int[] {3, 9}) {
      float[] values = gaussian(rows * inputs);
      float[] clean = product(backend(), values, rows, weight);
      values[inputs + 5] = Float.NaN;
      values[2 * inputs + 7] = Float.POSITIVE_INFINITY;
      float[] dirty = product(backend(), values, rows, weight);
      assertThat(rows(dirty, 41, 1, 2)).containsOnly(Float.NaN);
      for (float value : rows(dirty, 41, 2, 3)) {
        assertThat(Float.isFinite(value)).isFalse();
      }
      sameBits("row before", rows(dirty, 41, 0, 1), rows(clean, 41, 0, 1));
      sameBits("rows after", rows(dirty, 41, 3, rows), rows(clean, 41, 3, rows));
    }
  }
}
