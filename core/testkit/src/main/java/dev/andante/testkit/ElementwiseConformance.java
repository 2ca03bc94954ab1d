package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Operations whose results are a row or an element at a time. */
abstract class ElementwiseConformance extends BackendFixture {

  static final int[] ROWS = {1, 2, 3, 7, 17};
  static final int[] SIZES = {1, 8, 32, 207, 576, 702};

  /** A batch that only has tokens: one sequence from position 0. */
  static Batch tokens(int... tokens) {
    return new Batch(tokens, new int[] {0, tokens.length}, new int[1], new int[1][], new int[0]);
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void embedLooksUpRowsOfEveryFormat(DType dtype) {
    assumeThat(dtypes()).as("supported formats").contains(dtype);
    int hidden = 3 * Math.max(dtype.blockElements(), 19);
    hidden -= hidden % dtype.blockElements();
    int columns = hidden;
    HostTensor table = TestTensors.random(random(), "table", dtype, 11, columns);
    agree(
        "embed " + dtype,
        tableLimit(),
        on -> {
          Tensor out = on.allocate(5, columns);
          try (BoundBatch batch = on.bind(tokens(10, 0, 3, 3, 7))) {
            on.embed(on.load(table), batch, out);
          }
          return download(on, out);
        });
  }

  @Test
  void rmsNorm() {
    for (int n : SIZES) {
      HostTensor gain = TestTensors.of("gain", gaussian(n), n);
      for (int rows : ROWS) {
        float[] values = gaussian(rows * n);
        agree(
            "rmsNorm [" + rows + ", " + n + "]",
            elementwiseLimit(),
            on -> {
              Tensor x = uploadView(on, values, rows);
              Tensor out = on.allocate(rows, n + 3);
              on.rmsNorm(x, on.load(gain), 1e-5f, out.columns(2, 2 + n));
              return download(on, out);
            });
        agree(
            "rmsNorm in place [" + rows + ", " + n + "]",
            elementwiseLimit(),
            on -> {
              Tensor x = upload(on, values, rows);
              on.rmsNorm(x, on.load(gain), 1e-6f, x);
              return download(on, x);
            });
      }
    }
  }

  @Test
  void rmsNormOfZerosIsZero() {
    HostTensor gain = TestTensors.of("gain", gaussian(64), 64);
    agreeExactly(
        "rmsNorm of zeros",
        on -> {
          Tensor x = on.allocate(2, 64);
          on.rmsNorm(x, on.load(gain), 1e-5f, x);
          float[] values = download(on, x);
          for (int i = 0; i < values.length; i++) {
            values[i] += 0f; // the sign of a zero is free
          }
          return values;
        });
  }

  @Test
  void rmsNormOfHeads() {
    for (int headDim : new int[] {1, 8, 23, 64, 128}) {
      HostTensor gain = TestTensors.of("gain", gaussian(headDim), headDim);
      for (int rows : ROWS) {
        float[] values = gaussian(rows * 3 * headDim);
        agree(
            "rmsNormHeads " + rows + " rows of 3 heads of " + headDim,
            elementwiseLimit(),
            on -> {
              Tensor x = uploadView(on, values, rows);
              on.rmsNormHeads(x, headDim, on.load(gain), 1e-5f);
              return download(on, x);
            });
      }
    }
  }

  @Test
  void aNormalisedRowDependsOnThatRowAlone() {
    int n = 702;
    HostTensor gain = TestTensors.of("gain", gaussian(n), n);
    float[] values = gaussian(33 * n);
    Tensor all = upload(backend(), values, 33);
    backend().rmsNorm(all, backend().load(gain), 1e-5f, all);
    float[] expected = download(backend(), all);
    for (int r = 0; r < 33; r++) {
      Tensor one = upload(backend(), rows(values, n, r, r + 1), 1);
      backend().rmsNorm(one, backend().load(gain), 1e-5f, one);
      sameBits("row " + r, download(backend(), one), rows(expected, n, r, r + 1));
    }
  }

  @Test
  void siluMul() {
    for (int n : SIZES) {
      for (int rows : ROWS) {
        float[] values = gaussian(rows * 2 * n);
        values[0] = 90;
        values[values.length / 2] = -90;
        agree(
            "siluMul [" + rows + ", " + n + "]",
            elementwiseLimit(),
            on -> {
              Tensor x = uploadView(on, values, rows);
              Tensor out = on.allocate(rows, n + 1);
              on.siluMul(x, out.columns(1, n + 1));
              return download(on, out);
            });
      }
    }
  }

  @Test
  void siluIsCloseElementByElement() {
    int n = 4001;
    float[] values = new float[2 * n];
    for (int i = 0; i < n; i++) {
      values[i] = (i - 2000) / 20f; // -100 … 100
      values[n + i] = 1;
    }
    Tensor out = backend().allocate(1, n);
    backend().siluMul(upload(backend(), values, 1), out);
    float[] actual = download(backend(), out);
    for (int i = 0; i < n; i++) {
      double gate = values[i];
      double expected = gate / (1 + Math.exp(-gate));
      assertThat((double) actual[i])
          .as("silu(%s)", gate)
          .isCloseTo(
              expected, org.assertj.core.data.Offset.offset(Math.abs(expected) * 2e-6 + 1e-30));
    }
  }

  @Test
  void addSumsIntoItsTarget() {
    for (int n : SIZES) {
      float[] values = gaussian(7 * n);
      float[] before = gaussian(7 * n);
      agreeExactly(
          "add [7, " + n + "]",
          on -> {
            Tensor sum = uploadView(on, before, 7);
            on.add(upload(on, values, 7), sum);
            return download(on, sum);
          });
    }
  }

  @Test
  void rowsAreGatheredAndScattered() {
    for (int n : SIZES) {
      float[] values = gaussian(4 * n);
      float[] sums = gaussian(6 * n);
      agreeExactly(
          "gatherRows",
          on -> {
            Tensor out = on.allocate(5, n);
            on.gatherRows(uploadView(on, values, 4), new int[] {3, 0, 0, 2, 3}, out);
            return download(on, out);
          });
      agree(
          "scatterAddRows",
          elementwiseLimit(),
          on -> {
            Tensor sum = uploadView(on, sums, 6);
            on.scatterAddRows(
                upload(on, values, 4),
                new int[] {5, 0, 5, 1},
                new float[] {0.5f, 1, -2, 0.25f},
                sum);
            return download(on, sum);
          });
    }
  }

  @Test
  void clearTouchesItsViewOnly() {
    agreeExactly(
        "clear",
        on -> {
          Tensor x = upload(on, gaussian(new Random(3), 5 * 40), 5);
          on.clear(x.columns(7, 20).rows(3));
          return download(on, x);
        });
  }

  private static float[] gaussian(Random random, int n) {
    return TestTensors.gaussian(random, n);
  }

  @Test
  void viewsShareTheirOwnersMemory() {
    agreeExactly(
        "views",
        on -> {
          Tensor x = on.allocate(4, 10);
          assertThat(download(on, x)).as("allocated").containsOnly(0);
          on.write(new float[] {1, 2, 3, 4, 5, 6}, x.rows(3).columns(4, 6));
          Tensor view = x.columns(2, 8).columns(1, 5).rows(2);
          assertThat(view.rows()).isEqualTo(2);
          assertThat(view.columns()).isEqualTo(4);
          assertThat(download(on, view)).containsExactly(0, 1, 2, 0, 0, 3, 4, 0);
          view.close();
          return download(on, x);
        });
  }

  @Test
  void argmaxTakesTheFirstLargestAndNeverNaN() {
    float nan = Float.NaN;
    float inf = Float.POSITIVE_INFINITY;
    argmaxIs(0, 1);
    argmaxIs(2, 1, 3, 5, 5, 5);
    argmaxIs(1, nan, -3, nan, -4);
    argmaxIs(2, nan, -inf, -1, nan);
    argmaxIs(1, nan, -inf, -inf, nan);
    argmaxIs(0, nan, nan, nan);
    argmaxIs(0, -inf, -inf);
    argmaxIs(3, 1, 2, nan, inf, inf);
    argmaxIs(0, -0f, 0f);
    argmaxIs(0, 0f, -0f);
  }

  private void argmaxIs(int expected, float... row) {
    Tensor x = upload(backend(), row, 1);
    int[] found = new int[1];
    backend().argmax(x, found);
    assertThat(found[0]).as("argmax").isEqualTo(expected);
  }

  @Test
  void argmaxOfWideRowsAndViews() {
    for (int n : new int[] {1, 7, 8, 33, 702, 49_152}) {
      float[] values = gaussian(3 * n);
      values[n - 1] = 50;
      values[n] = 60;
      values[2 * n + n / 2] = 70;
      values[2 * n + n - 1] = n == 1 ? values[2 * n] : 70;
      int[] expected = new int[3];
      int[] actual = new int[3];
      reference().argmax(upload(reference(), values, 3), expected);
      backend().argmax(uploadView(backend(), values, 3), actual);
      assertThat(actual).as("argmax of %s columns", n).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(RopeParameters.Style.class)
  void rope(RopeParameters.Style style) {
    int[][] headDimAndRotary = {{64, 64}, {64, 32}, {16, 2}, {20, 14}, {128, 128}};
    for (int[] shape : headDimAndRotary) {
      int headDim = shape[0];
      float[] frequencies = new float[shape[1] / 2];
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = (float) Math.pow(10_000, -2.0 * i / shape[1]);
      }
      RopeParameters parameters = new RopeParameters(style, frequencies, 1.25f, 512);
      Batch batch =
          new Batch(
              new int[9], new int[] {0, 4, 4, 9}, new int[] {0, 3, 507}, new int[3][], new int[0]);
      float[] values = gaussian(9 * 3 * headDim);
      agree(
          "rope " + style + " of " + shape[1] + " in heads of " + headDim,
          elementwiseLimit(),
          on -> {
            Tensor x = uploadView(on, values, 9);
            try (BoundBatch bound = on.bind(batch)) {
              on.rope(x, headDim, on.rope(parameters), bound);
            }
            return download(on, x);
          });
    }
  }

  @Test
  void ropeRotatesByPositionTimesFrequency() {
    for (RopeParameters.Style style : RopeParameters.Style.values()) {
      float[] frequencies = {1, 0.5f};
      int second = style == RopeParameters.Style.HALVES ? 2 : 1;
      float[] x = new float[4];
      x[0] = 1; // first element of pair 0
      Tensor tensor = upload(backend(), x, 1);
      Batch batch =
          new Batch(new int[1], new int[] {0, 1}, new int[] {3}, new int[1][], new int[0]);
      try (BoundBatch bound = backend().bind(batch)) {
        RopeParameters parameters = new RopeParameters(style, frequencies, 1, 4);
        backend().rope(tensor, 4, backend().rope(parameters), bound);
      }
      float[] rotated = download(backend(), tensor);
      assertThat(rotated[0])
          .isCloseTo((float) Math.cos(3), org.assertj.core.data.Offset.offset(1e-6f));
      assertThat(rotated[second])
          .isCloseTo((float) Math.sin(3), org.assertj.core.data.Offset.offset(1e-6f));
    }
  }
}
