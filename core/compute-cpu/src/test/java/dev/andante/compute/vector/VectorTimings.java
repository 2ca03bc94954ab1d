package dev.andante.compute.vector;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import dev.andante.testkit.TestTensors;
import java.util.Locale;
import java.util.Random;

/**
 * Not a test: prints what each operation takes at the shapes of a 135M Llama (hidden 576, MLP 1536,
 * 9 query and 3 KV heads of 64, 30 layers, vocabulary 49152; Q4_1 blocks and a Q8_0 head, random
 * weights) and what that makes for a token. Arguments: threads (default 2), then numbers of rows
 * (default 1).
 */
public final class VectorTimings {

  private static final int LAYERS = 30;
  private static final int HIDDEN = 576;
  private static final int MLP = 1536;
  private static final int VOCABULARY = 49_152;
  private static final AttentionParameters ATTENTION = new AttentionParameters(9, 3, 64, 0.125f);

  private final VectorBackend backend;
  private final Random random = new Random(1);
  private final Weight qkv;
  private final Weight output;
  private final Weight gateUp;
  private final Weight down;
  private final Weight head;
  private final Weight gain;
  private final RopeTable angles;
  private double layerMicros;

  private VectorTimings(ComputePool pool) {
    this.backend = new VectorBackend(pool);
    this.qkv = load("qkv", DType.Q4_1, 960, HIDDEN);
    this.output = load("output", DType.Q4_1, HIDDEN, HIDDEN);
    this.gateUp = load("gate_up", DType.Q4_1, 2 * MLP, HIDDEN);
    this.down = load("down", DType.Q4_1, HIDDEN, MLP);
    this.head = load("head", DType.Q8_0, VOCABULARY, HIDDEN);
    this.gain = load("gain", DType.F32, HIDDEN);
    float[] frequencies = new float[32];
    for (int i = 0; i < 32; i++) {
      frequencies[i] = (float) Math.pow(1e5, -i / 32.0);
    }
    this.angles =
        backend.rope(new RopeParameters(RopeParameters.Style.ADJACENT, frequencies, 1, 4096));
  }

  public static void main(String[] args) {
    int threads = args.length > 0 ? Integer.parseInt(args[0]) : 2;
    try (ComputePool pool = new ComputePool(threads)) {
      VectorTimings timings = new VectorTimings(pool);
      System.out.println(timings.backend.description());
      for (int i = 1; i < Math.max(2, args.length); i++) {
        int rows = args.length > 1 ? Integer.parseInt(args[i]) : 1;
        timings.forward(rows, rows >= 256 ? 256 : 500);
      }
    }
  }

  private Weight load(String name, DType dtype, long... shape) {
    return backend.load(TestTensors.random(random, name, dtype, shape));
  }

  /** Rows new tokens: one each of as many sequences if few, else one chunk of a prompt. */
  private void forward(int rows, int context) {
    System.out.printf(Locale.ROOT, "%n%d rows, context %d%n", rows, context);
    layerMicros = 0;
    boolean prefill = rows >= 256;
    int sequences = prefill ? 1 : rows;
    int blocksEach = (context + rows) / 16 + 1;
    int[] rowStart = new int[sequences + 1];
    int[] contexts = new int[sequences];
    int[][] blocks = new int[sequences][blocksEach];
    for (int s = 0; s < sequences; s++) {
      rowStart[s + 1] = rowStart[s] + rows / sequences;
      contexts[s] = context;
      for (int i = 0; i < blocksEach; i++) {
        blocks[s][i] = s * blocksEach + i;
      }
    }
    try (KvPool kv =
            backend.allocateKv(new KvLayout(1, 3, 64, 16, DType.BF16), sequences * blocksEach);
        BoundBatch batch =
            backend.bind(new Batch(new int[rows], rowStart, contexts, blocks, new int[0]));
        Tensor x = random(rows, HIDDEN);
        Tensor normed = random(rows, HIDDEN);
        Tensor fused = random(rows, 960);
        Tensor both = random(rows, 2 * MLP);
        Tensor gated = random(rows, MLP);
        Tensor logits = backend.allocate(prefill ? 1 : rows, VOCABULARY)) {
      Tensor q = fused.columns(0, HIDDEN);
      Tensor k = fused.columns(HIDDEN, HIDDEN + 192);
      Tensor v = fused.columns(HIDDEN + 192, 960);
      layer(
          "rmsNorm x2",
          0,
          0,
          () -> {
            backend.rmsNorm(x, gain, 1e-5f, normed);
            backend.rmsNorm(x, gain, 1e-5f, normed);
          });
      product("qkv", rows, qkv, () -> backend.matmul(normed, qkv, fused));
      layer(
          "rope",
          0,
          0,
          () -> {
            backend.rope(q, 64, angles, batch);
            backend.rope(k, 64, angles, batch);
          });
      layer("writeKv", 0, 0, () -> backend.writeKv(k, v, kv, 0, batch));
      double attended = 0;
      for (int s = 0; s < sequences; s++) {
        for (int r = rowStart[s]; r < rowStart[s + 1]; r++) {
          attended += context + r - rowStart[s] + 1.0;
        }
      }
      layer(
          "attention",
          attended * 9 * 64 * 4,
          0,
          () -> backend.attention(q, kv, 0, ATTENTION, batch, normed));
      product("output", rows, output, () -> backend.matmulAdd(normed, output, x));
      product("gate_up", rows, gateUp, () -> backend.matmul(normed, gateUp, both));
      layer("siluMul", 0, 0, () -> backend.siluMul(both, gated));
      product("down", rows, down, () -> backend.matmulAdd(gated, down, x));
      Tensor last = normed.rows(logits.rows());
      double flops = 2.0 * logits.rows() * head.outputs() * head.inputs();
      double headMicros =
          time("head", flops, (double) head.bytes(), () -> backend.matmul(last, head, logits));
      int[] best = new int[logits.rows()];
      headMicros += time("argmax", 0, 0, () -> backend.argmax(logits, best));
      double total = LAYERS * layerMicros + headMicros;
      System.out.printf(
          Locale.ROOT,
          "layer %.0f us, all %.2f ms, %.1f tokens/s%n",
          layerMicros,
          total / 1e3,
          rows * 1e6 / total);
    }
  }

  private Tensor random(int rows, int columns) {
    Tensor tensor = backend.allocate(rows, columns);
    backend.write(TestTensors.gaussian(random, rows * columns), tensor);
    return tensor;
  }

  private void product(String name, int rows, Weight weight, Runnable work) {
    layer(name, 2.0 * rows * weight.outputs() * weight.inputs(), (double) weight.bytes(), work);
  }

  private void layer(String name, double flops, double bytes, Runnable work) {
    layerMicros += time(name, flops, bytes, work);
  }

  /** The fastest of several runs, each of at least 20 ms, after 1.5 s of warm-up. */
  private static double time(String name, double flops, double bytes, Runnable work) {
    long until = System.nanoTime() + 1_500_000_000L;
    int calls = 0;
    while (System.nanoTime() < until) {
      work.run();
      calls++;
    }
    int each = Math.max(1, calls / 75);
    double best = Double.MAX_VALUE;
    for (int run = 0; run < 15; run++) {
      long start = System.nanoTime();
      for (int i = 0; i < each; i++) {
        work.run();
      }
      best = Math.min(best, (System.nanoTime() - start) / 1e3 / each);
    }
    System.out.printf(
        Locale.ROOT,
        "  %-12s %9.1f us %8.1f GFLOP/s %7.1f GB/s%n",
        name,
        best,
        flops / best / 1e3,
        bytes / best / 1e3);
    return best;
  }
}
