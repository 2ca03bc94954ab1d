package dev.andante.compute.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The definition of correct, checked by hand on numbers small enough to check. */
class ReferenceBackendTest {

  private final ComputePool pool = new ComputePool(2);
  private final Backend backend = new ReferenceBackend(pool);

  @AfterEach
  void close() {
    backend.close();
    pool.close();
  }

  private Tensor tensor(int rows, float... values) {
    Tensor tensor = backend.allocate(rows, values.length / rows);
    backend.write(values, tensor);
    return tensor;
  }

  private float[] values(Tensor tensor) {
    float[] values = new float[tensor.rows() * tensor.columns()];
    backend.read(tensor, values);
    return values;
  }

  private static HostTensor f32(long[] shape, float... values) {
    MemorySegment data = MemorySegment.ofArray(new byte[4 * values.length]);
    for (int i = 0; i < values.length; i++) {
      data.set(
          ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 4L * i, values[i]);
    }
    return new HostTensor("w", DType.F32, shape, data);
  }

  @Test
  void matmulMultipliesByTheTransposeAndAddsTheBias() {
    HostTensor weight = f32(new long[] {2, 3}, 1, 2, 3, 4, 5, 6);
    HostTensor bias = f32(new long[] {2}, 10, 20);
    Tensor x = tensor(2, 1, 0, -1, 2, 2, 2);
    Tensor out = backend.allocate(2, 2);
    backend.matmul(x, backend.load(weight), out);
    assertThat(values(out)).containsExactly(-2, -2, 12, 30);
    backend.matmulAdd(
        x, backend.load("w", java.util.List.of(weight), java.util.List.of(bias)), out);
    assertThat(values(out)).containsExactly(6, 16, 34, 80);
  }

  @Test
  void rmsNormDividesByTheRootOfTheMeanSquare() {
    Tensor x = tensor(1, 3, 4, 0, 0);
    backend.rmsNorm(x, backend.load(f32(new long[] {4}, 1, 2, 1, 1)), 0, x);
    assertThat(values(x)).containsExactly(1.2f, 3.2f, 0, 0);
  }

  @Test
  void attentionWeighsValuesByTheSoftmaxOfScores() {
    KvLayout layout = new KvLayout(1, 1, 2, 2, DType.F32);
    Batch batch =
        new Batch(new int[3], new int[] {0, 3}, new int[1], new int[][] {{1, 0}}, new int[] {2});
    Tensor q = tensor(3, 1, 0, 1, 0, 0, 1);
    Tensor k = tensor(3, 0, 0, (float) Math.log(3), 0, 0, 0);
    Tensor v = tensor(3, 4, 8, 8, 0, 0, 0);
    Tensor out = backend.allocate(3, 2);
    try (KvPool kv = backend.allocateKv(layout, 2);
        BoundBatch bound = backend.bind(batch)) {
      backend.writeKv(k, v, kv, 0, bound);
      backend.attention(q, kv, 0, new AttentionParameters(1, 1, 2, 1), bound, out);
    }
    float[] expected = {
      4, 8, // itself
      7, 2, // a quarter of the first, three quarters of the second
      4, 8f / 3 // all scores are zero: the mean of three
    };
    float[] actual = values(out);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], offset(1e-6f));
    }
  }

  @Test
  void siluMulGatesTheSecondHalfWithTheFirst() {
    Tensor out = backend.allocate(1, 2);
    backend.siluMul(tensor(1, 0, 2, 5, 3), out);
    assertThat(values(out)[0]).isZero();
    assertThat(values(out)[1]).isCloseTo((float) (2 / (1 + Math.exp(-2)) * 3), offset(1e-6f));
  }

  @Test
  void aClosedTensorIsNotUsedSilently() {
    Tensor x = tensor(1, 1, 2);
    Tensor view = x.columns(0, 1);
    x.close();
    assertThatThrownBy(() -> values(view))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }
}
