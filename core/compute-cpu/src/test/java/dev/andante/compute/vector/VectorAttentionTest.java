package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import dev.andante.testkit.TestTensors;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VectorAttentionTest {

  private static final int ROWS = 75;

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void theBlockSizeChangesNoBit(DType kvType) {
    float[] expected = attention(16, kvType);
    for (int blockSize : new int[] {1, 8, 32, 50, 128}) {
      assertThat(attention(blockSize, kvType)).as("blocks of %s", blockSize).isEqualTo(expected);
    }
  }

  private static float[] attention(int blockSize, DType kvType) {
    Random random = new Random(9);
    KvLayout layout = new KvLayout(1, 2, 32, blockSize, kvType);
    int blocks = layout.blocksFor(ROWS);
    Batch batch =
        new Batch(
            new int[ROWS],
            new int[] {0, ROWS},
            new int[1],
            new int[][] {IntStream.range(0, blocks).toArray()},
            new int[0]);
    float[] result = new float[ROWS * 128];
    try (ComputePool pool = new ComputePool(2);
        VectorBackend backend = new VectorBackend(pool);
        KvPool kv = backend.allocateKv(layout, blocks);
        BoundBatch bound = backend.bind(batch);
        Tensor q = backend.allocate(ROWS, 128);
        Tensor k = backend.allocate(ROWS, 64);
        Tensor v = backend.allocate(ROWS, 64)) {
      backend.write(TestTensors.gaussian(random, ROWS * 128), q);
      backend.write(TestTensors.gaussian(random, ROWS * 64), k);
      backend.write(TestTensors.gaussian(random, ROWS * 64), v);
      backend.writeKv(k, v, kv, 0, bound);
      backend.attention(q, kv, 0, new AttentionParameters(4, 2, 32, 0.2f), bound, q);
      backend.read(q, result);
    }
    return result;
  }
}
