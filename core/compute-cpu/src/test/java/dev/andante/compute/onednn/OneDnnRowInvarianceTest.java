package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A row's product is the same bits whatever rows are beside it, however many, whatever outputs are
 * beside its own and however many threads work. The long inputs are those for which the library's
 * kernel for one row sums in another order.
 */
class OneDnnRowInvarianceTest {

  private static final int[] COUNTS =
      IntStream.concat(IntStream.rangeClosed(1, 33), IntStream.of(63, 64, 65, 97, 130)).toArray();

  private record Shape(int inputs, int outputs) {}

  private static final List<Shape> SHAPES =
      List.of(
          new Shape(576, 960),
          new Shape(1536, 576),
          new Shape(2048, 200),
          new Shape(8192, 70),
          new Shape(207, 1000),
          new Shape(5, 3));

  @ParameterizedTest
  @EnumSource(Format.class)
  void neitherTheNumberOfRowsNorTheirPlaceChangesABit(Format format) {
    try (ComputePool pool = new ComputePool(2);
        OneDnnBackend backend = OneDnnTests.backend(pool, format, Precision.FAST, 1)) {
      for (Shape shape : SHAPES) {
        Random random = new Random(7);
        Weight weight = backend.load(weights(random, shape));
        float[] values = TestTensors.gaussian(random, 140 * shape.inputs());
        float[] alone = new float[140 * shape.outputs()];
        for (int r = 0; r < 140; r++) {
          float[] one = product(backend, weight, rows(values, shape.inputs(), r, r + 1));
          System.arraycopy(one, 0, alone, r * shape.outputs(), shape.outputs());
        }
        for (int count : COUNTS) {
          for (int from : new int[] {0, 7}) {
            int to = from + count;
            assertThat(product(backend, weight, rows(values, shape.inputs(), from, to)))
                .as("%s %s, rows %s to %s", format, shape, from, to)
                .isEqualTo(rows(alone, shape.outputs(), from, to));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void neitherThreadsNorStackingChangesABit(Format format) {
    Shape shape = new Shape(1536, 700);
    HostTensor tensor = weights(new Random(8), shape);
    float[] values = TestTensors.gaussian(new Random(9), 37 * shape.inputs());
    float[] expected = null;
    for (int threads = 1; threads <= 4; threads++) {
      try (ComputePool pool = new ComputePool(threads);
          OneDnnBackend backend = OneDnnTests.backend(pool, format, Precision.FAST, 1)) {
        float[] actual = product(backend, backend.load(tensor), values);
        expected = expected == null ? actual : expected;
        assertThat(actual).as("%s on %s threads", format, threads).isEqualTo(expected);
        Weight part = backend.load(tensor.slice(130, 139));
        float[] few = product(backend, part, values);
        for (int r = 0; r < 37; r++) {
          assertThat(rows(few, 9, r, r + 1))
              .as("%s, outputs 130 to 139 of row %s", format, r)
              .isEqualTo(Arrays.copyOfRange(expected, r * 700 + 130, r * 700 + 139));
        }
      }
    }
  }

  /** What the check at load guards against: this is why one row is padded to two. */
  @Test
  void kernelsThatSumInAnotherOrderAreLeftOut() {
    OneDnn library = OneDnnTests.openOrSkip();
    try (Workers workers = new Workers(library);
        Kernels kernels = new Kernels(library)) {
      Worker worker = workers.mine();
      for (int inputs : new int[] {576, 8192}) {
        RowTiles tiles = kernels.blockTiles(FloatArithmetic.BF16_IN_F32, inputs, worker);
        Primitive sixteen = tiles.first(Kernels.ROWS).kernel();
        Primitive single =
            Primitive.matmul(
                library,
                100,
                new Primitive.Matrix(DataType.F32, 1, inputs),
                new Primitive.Matrix(DataType.F32, inputs, Kernels.BLOCK),
                new Primitive.Matrix(DataType.F32, 1, Kernels.BLOCK),
                sixteen);
        assertThat(single).isNotNull();
        boolean same;
        try (TileCheck check =
            new TileCheck(
                worker,
                FloatArithmetic.BF16_IN_F32,
                inputs,
                Kernels.BLOCK,
                0,
                sixteen,
                tiles.packing())) {
          assertThat(check.givesTheSameBits(sixteen, Kernels.ROWS, tiles.packing())).isTrue();
          same = check.givesTheSameBits(single, 1, tiles.packing());
        }
        if (inputs == 8192 && library.isa().compareTo(Isa.AVX512) >= 0) {
          assertThat(same).as("one row of %s inputs sums in the same order", inputs).isFalse();
        }
      }
    }
  }

  private static HostTensor weights(Random random, Shape shape) {
    return TestTensors.random(random, "w", DType.F32, shape.outputs(), shape.inputs());
  }

  private static float[] rows(float[] values, int columns, int from, int to) {
    return Arrays.copyOfRange(values, from * columns, to * columns);
  }

  private static float[] product(OneDnnBackend backend, Weight weight, float[] values) {
    int rows = values.length / weight.inputs();
    try (Tensor x = backend.allocate(rows, weight.inputs());
        Tensor out = backend.allocate(rows, weight.outputs())) {
      backend.write(values, x);
      backend.matmul(x, weight, out);
      float[] result = new float[rows * weight.outputs()];
      backend.read(out, result);
      return result;
    }
  }
}
