package dev.andante.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import dev.andante.compute.reference.ReferenceBackend;
import dev.andante.testkit.TestTensors;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes beyond those of the suite: every kernel, tile and split meets the bits of a single row. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaRowInvarianceTest {

  private CudaBackend cuda;
  private ComputePool pool;
  private Backend reference;

  @BeforeAll
  void open() {
    cuda = CudaTests.openOrSkip();
    pool = ComputePool.ofAvailableProcessors();
    reference = new ReferenceBackend(pool);
  }

  @AfterAll
  void close() {
    if (cuda != null) {
      cuda.close();
      pool.close();
    }
  }

  private static float[] product(Backend on, Weight weight, float[] x, int rows) {
    try (Tensor in = on.allocate(rows, weight.inputs());
        Tensor out = on.allocate(rows, weight.outputs())) {
      on.write(x, in);
      on.matmul(in, weight, out);
      float[] values = new float[rows * weight.outputs()];
      on.read(out, values);
      return values;
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void productsOfManyRowsAreThoseOfOneRow(DType dtype) {
    Random random = new Random(7);
    Set<DType> long14 = EnumSet.of(DType.BF16, DType.Q4_0, DType.Q4_1, DType.Q8_0);
    for (int inputs : long14.contains(dtype) ? new int[] {768, 4352, 14_336} : new int[] {768}) {
      int outputs = 331;
      var tensor = TestTensors.random(random, "w", dtype, outputs, inputs);
      Weight weight = cuda.load(tensor);
      float[] x = TestTensors.gaussian(random, 300 * inputs);
      float[] alone = new float[300 * outputs];
      for (int r = 0; r < 300; r++) {
        float[] one = product(cuda, weight, Arrays.copyOfRange(x, r * inputs, (r + 1) * inputs), 1);
        System.arraycopy(one, 0, alone, r * outputs, outputs);
      }
      float[] whole = product(cuda, weight, x, 300);
      float[] expectedWhole = product(reference, reference.load(tensor), x, 300);
      assertThat(nmse(whole, expectedWhole))
          .as("%s of %s inputs, 300 rows", dtype, inputs)
          .isLessThan(dtype == DType.F32 ? 1e-11 : 1e-5);
      for (int rows : new int[] {5, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 300}) {
        assertSameBits(
            dtype + ", " + inputs + " inputs, " + rows + " rows",
            product(cuda, weight, x, rows),
            Arrays.copyOf(alone, rows * outputs));
      }
      float[] expected = product(reference, reference.load(tensor), x, 20);
      assertThat(nmse(Arrays.copyOf(alone, 20 * outputs), expected))
          .as("%s of %s inputs", dtype, inputs)
          .isLessThan(dtype == DType.F32 ? 1e-11 : 1e-5);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 128})
  void attentionOfAPromptIsThatOfItsTokensOneByOne(int headDim) {
    int length = 700;
    AttentionParameters parameters =
        new AttentionParameters(8, 2, headDim, (float) (1 / Math.sqrt(headDim)));
    KvLayout layout = new KvLayout(1, 2, headDim, 16, DType.BF16);
    Random random = new Random(11);
    float[] q = TestTensors.gaussian(random, length * 8 * headDim);
    float[] k = TestTensors.gaussian(random, length * 2 * headDim);
    float[] v = TestTensors.gaussian(random, length * 2 * headDim);
    float[] whole = attend(cuda, parameters, layout, q, k, v, length, length);
    for (int chunk : new int[] {1, 3, 8, 9, 100, 257}) {
      assertSameBits(
          "chunks of " + chunk, attend(cuda, parameters, layout, q, k, v, length, chunk), whole);
    }
    float[] expected = attend(reference, parameters, layout, q, k, v, length, length);
    assertThat(nmse(whole, expected)).isLessThan(1e-4);
  }

  private static float[] attend(
      Backend on,
      AttentionParameters parameters,
      KvLayout layout,
      float[] q,
      float[] k,
      float[] v,
      int length,
      int chunk) {
    int qColumns = parameters.heads() * parameters.headDim();
    int kvColumns = parameters.kvHeads() * parameters.headDim();
    int[] table = new int[layout.blocksFor(length)];
    Arrays.setAll(table, i -> table.length - 1 - i);
    float[] all = new float[length * qColumns];
    try (KvPool kv = on.allocateKv(layout, table.length);
        Tensor queries = on.allocate(chunk, qColumns);
        Tensor keys = on.allocate(chunk, kvColumns);
        Tensor values = on.allocate(chunk, kvColumns)) {
      for (int at = 0; at < length; at += chunk) {
        int n = Math.min(chunk, length - at);
        Batch batch =
            new Batch(
                new int[n], new int[] {0, n}, new int[] {at}, new int[][] {table}, new int[0]);
        on.write(Arrays.copyOfRange(q, at * qColumns, (at + n) * qColumns), queries.rows(n));
        on.write(Arrays.copyOfRange(k, at * kvColumns, (at + n) * kvColumns), keys.rows(n));
        on.write(Arrays.copyOfRange(v, at * kvColumns, (at + n) * kvColumns), values.rows(n));
        try (BoundBatch bound = on.bind(batch)) {
          on.writeKv(keys.rows(n), values.rows(n), kv, 0, bound);
          on.attention(queries.rows(n), kv, 0, parameters, bound, queries.rows(n));
        }
        float[] part = new float[n * qColumns];
        on.read(queries.rows(n), part);
        System.arraycopy(part, 0, all, at * qColumns, part.length);
      }
    }
    return all;
  }

  @Test
  void repeatedDecodeStepsBecomeGraphsAndStayTheSame() {
    try (LlamaPass model = LlamaPass.random(cuda, LlamaPass.TINY, DType.Q4_0, 4, 64)) {
      int[] first = model.generate(4, 10, 24);
      int graphs = cuda.graphs();
      assertThat(graphs).isPositive();
      assertThat(model.generate(4, 10, 24)).isEqualTo(first);
      int[] alone = model.generate(1, 10, 24);
      assertThat(Arrays.copyOf(alone, 24)).isEqualTo(Arrays.copyOf(first, 24));
    }
  }

  static double nmse(float[] actual, float[] expected) {
    double error = 0;
    double energy = 0;
    for (int i = 0; i < actual.length; i++) {
      double d = (double) actual[i] - expected[i];
      error += d * d;
      energy += (double) expected[i] * expected[i];
    }
    return error / energy;
  }

  private static void assertSameBits(String what, float[] actual, float[] expected) {
    int at = Arrays.mismatch(actual, expected);
    assertThat(at)
        .as(() -> what + (at < 0 ? "" : ": element " + at + ": " + actual[at] + " " + expected[at]))
        .isEqualTo(-1);
  }
}
