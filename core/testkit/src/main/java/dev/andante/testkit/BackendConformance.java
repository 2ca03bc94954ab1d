package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.compute.UnsupportedTensorException;
import dev.andante.compute.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every {@link Backend} must do. An implementation subclasses it, says how to open itself and
 * how close to the reference it comes ({@link #matmulLimit}, {@link #attentionLimit}, {@link
 * #elementwiseLimit}, as normalised mean squared error) and which formats it loads ({@link
 * #dtypes}).
 *
 * <p>Row invariance is checked bit for bit: a row alone, in batches of 2 to 33 and in any chunking
 * gives the same floats; where a backend takes many rows another way, so do all batches of as many.
 */
public abstract class BackendConformance extends AttentionConformance {

  /** A layer's worth of operations, small enough to repeat; its output depends on every one. */
  private static final class SmallLayer {

    private final HostTensor table;
    private final HostTensor gain;
    private final HostTensor qkv;
    private final HostTensor gateUp;
    private final HostTensor down;

    SmallLayer(long seed) {
      Random random = new Random(seed);
      table = TestTensors.random(random, "table", DType.F32, 50, 64);
      gain = TestTensors.random(random, "gain", DType.F32, 64);
      qkv = TestTensors.random(random, "qkv", DType.F32, 128, 64);
      gateUp = TestTensors.random(random, "gate_up", DType.F32, 2 * 160, 64);
      down = TestTensors.random(random, "down", DType.F32, 64, 160);
    }

    float[] run(Backend on, int rows) {
      KvLayout layout = new KvLayout(1, 2, 16, 16, DType.BF16);
      AttentionParameters parameters = new AttentionParameters(4, 2, 16, 0.25f);
      int[] tokens = new int[rows];
      for (int i = 0; i < rows; i++) {
        tokens[i] = i * 7 % 50;
      }
      int[][] blocks = {{2, 0, 1}};
      RopeTable angles =
          on.rope(new RopeParameters(RopeParameters.Style.HALVES, new float[] {1, 0.1f}, 1, 48));
      Weight qkvWeight = on.load(qkv);
      Weight gateUpWeight = on.load(gateUp);
      Weight downWeight = on.load(down);
      Weight gainWeight = on.load(gain);
      try (KvPool pool = on.allocateKv(layout, 3);
          BoundBatch batch =
              on.bind(new Batch(tokens, new int[] {0, rows}, new int[1], blocks, new int[0]));
          Tensor x = on.allocate(rows, 64);
          Tensor normed = on.allocate(rows, 64);
          Tensor fused = on.allocate(rows, 128);
          Tensor both = on.allocate(rows, 320);
          Tensor gated = on.allocate(rows, 160)) {
        on.embed(on.load(table), batch, x);
        on.rmsNorm(x, gainWeight, 1e-5f, normed);
        on.matmul(normed, qkvWeight, fused);
        on.rope(fused.columns(0, 64), 16, angles, batch);
        on.rope(fused.columns(64, 96), 16, angles, batch);
        on.writeKv(fused.columns(64, 96), fused.columns(96, 128), pool, 0, batch);
        on.attention(fused.columns(0, 64), pool, 0, parameters, batch, normed);
        on.add(normed, x);
        on.matmul(x, gateUpWeight, both);
        on.siluMul(both, gated);
        on.matmulAdd(gated, downWeight, x);
        return download(on, x);
      }
    }
  }

  @Test
  void anIdentityIsAnnounced() {
    assertThat(backend().name()).matches("[a-z][a-z0-9-]*");
    assertThat(backend().description()).isNotBlank().doesNotContain("\n");
    assertThat(backend().numerics()).isNotBlank();
  }

  @Test
  void operationsCompose() {
    SmallLayer layer = new SmallLayer(1);
    double limit = Math.max(matmulLimit(), 1e-4); // rounding of the cache may fall either way
    for (int rows : new int[] {1, 2, 17, 40}) {
      agree("a layer over " + rows + " rows", limit, on -> layer.run(on, rows));
    }
  }

  @Test
  void theNumberOfThreadsChangesNoBit() {
    SmallLayer layer = new SmallLayer(2);
    HostTensor wide = TestTensors.random(random(), "wide", DType.F32, 1000, 207);
    float[] values = gaussian(37 * 207);
    List<float[]> layers = new ArrayList<>();
    List<float[]> products = new ArrayList<>();
    for (int threads = 1; threads <= 3; threads++) {
      try (ComputePool pool = new ComputePool(threads);
          Backend one = open(pool)) {
        layers.add(layer.run(one, 40));
        products.add(product(one, values, 37, one.load(wide)));
      }
    }
    for (int i = 1; i < 3; i++) {
      sameBits("a layer on " + (i + 1) + " threads", layers.get(i), layers.getFirst());
      sameBits("a product on " + (i + 1) + " threads", products.get(i), products.getFirst());
    }
  }

  @Test
  void repetitionChangesNoBit() {
    SmallLayer layer = new SmallLayer(3);
    float[] first = layer.run(backend(), 20);
    for (int i = 0; i < 300; i++) { // long enough for the JIT to replace code under way
      sameBits("repetition " + i, layer.run(backend(), 20), first);
    }
  }

  @Test
  void severalThreadsMayUseOneBackend() throws Exception {
    float[][] alone = new float[3][];
    for (int i = 0; i < 3; i++) {
      alone[i] = new SmallLayer(10 + i).run(backend(), 5 + 10 * i);
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Callable<Void>> work = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int index = i;
        work.add(
            () -> {
              SmallLayer layer = new SmallLayer(10 + index);
              for (int repeat = 0; repeat < 30; repeat++) {
                sameBits("thread " + index, layer.run(backend(), 5 + 10 * index), alone[index]);
              }
              return null;
            });
      }
      for (Future<Void> done : threads.invokeAll(work, 120, TimeUnit.SECONDS)) {
        done.get();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void aFormatIsLoadedOrRefusedByName(DType dtype) {
    HostTensor tensor = TestTensors.random(random(), "blk.7.odd", dtype, 4, 256);
    if (dtypes().contains(dtype)) {
      assertThat(backend().load(tensor).name()).isEqualTo("blk.7.odd");
    } else {
      assertThatThrownBy(() -> backend().load(tensor))
          .isInstanceOf(UnsupportedTensorException.class)
          .hasMessageContaining("blk.7.odd")
          .hasMessageContaining("supported");
    }
  }

  @Test
  void tensorsThatCannotBeAWeightAreRefusedByName() {
    HostTensor first = TestTensors.of("first", gaussian(64), 2, 32);
    HostTensor narrow = TestTensors.of("blk.3.narrow", gaussian(62), 2, 31);
    HostTensor scalar = TestTensors.of("blk.4.scalar", gaussian(1));
    HostTensor bias = TestTensors.of("blk.5.bias", gaussian(3), 3);
    refused("blk.3.narrow", () -> backend().load("fused", List.of(first, narrow), null));
    refused("blk.4.scalar", () -> backend().load(scalar));
    refused("blk.5.bias", () -> backend().load("biased", List.of(first), List.of(bias)));
    invalid("no parts", () -> backend().load("none", List.of(), null));
    invalid("biases", () -> backend().load("biased", List.of(first, first), List.of(bias)));
  }

  private static void refused(String name, ThrowingCallable load) {
    assertThatThrownBy(load)
        .isInstanceOf(UnsupportedTensorException.class)
        .hasMessageContaining(name);
  }

  private static void invalid(String what, ThrowingCallable call) {
    assertThatThrownBy(call).as(what).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    Backend on = backend();
    Tensor x = on.allocate(3, 32);
    Tensor narrow = on.allocate(3, 31);
    Tensor shorter = on.allocate(2, 32);
    Weight square = on.load(TestTensors.of("w", gaussian(32 * 32), 32, 32));
    Weight gain = on.load(TestTensors.of("gain", gaussian(32), 32));
    invalid("matmul x", () -> on.matmul(narrow, square, x));
    invalid("matmul out", () -> on.matmul(x, square, narrow));
    invalid("matmul rows", () -> on.matmul(x, square, shorter));
    invalid("matmulAdd", () -> on.matmulAdd(x, square, narrow));
    Tensor half = on.allocate(3, 16);
    invalid("matmulSiluMul x", () -> on.matmulSiluMul(narrow, square, x, half));
    invalid("matmulSiluMul both", () -> on.matmulSiluMul(x, square, narrow, half));
    invalid("matmulSiluMul out", () -> on.matmulSiluMul(x, square, x, narrow));
    Tensor gates = on.allocate(3, 32);
    invalid("feedForward x", () -> on.feedForward(narrow, square, square, gates, half, x));
    invalid("feedForward inner", () -> on.feedForward(x, square, square, gates, narrow, x));
    invalid("feedForward down", () -> on.feedForward(x, square, square, gates, half, x));
    invalid("rmsNorm gain", () -> on.rmsNorm(narrow, gain, 1e-5f, narrow));
    invalid("rmsNorm matrix", () -> on.rmsNorm(x, square, 1e-5f, x));
    invalid("rmsNorm out", () -> on.rmsNorm(x, gain, 1e-5f, shorter));
    invalid("rmsNormHeads", () -> on.rmsNormHeads(narrow, 32, gain, 1e-5f));
    invalid("rmsNormHeads gain", () -> on.rmsNormHeads(x, 16, gain, 1e-5f));
    invalid("siluMul", () -> on.siluMul(x, narrow));
    invalid("add", () -> on.add(narrow, x));
    invalid("gather row", () -> on.gatherRows(x, new int[] {0, 3}, shorter));
    invalid("gather out", () -> on.gatherRows(x, new int[] {0}, shorter));
    invalid("scatter row", () -> on.scatterAddRows(shorter, new int[] {0, -1}, new float[2], x));
    invalid("scatter scales", () -> on.scatterAddRows(shorter, new int[2], new float[1], x));
    invalid("read", () -> on.read(x, new float[95]));
    invalid("write", () -> on.write(new float[95], x));
    invalid("argmax", () -> on.argmax(x, new int[2]));
    invalid("allocate", () -> on.allocate(3, 0));
    invalid("allocate on demand", () -> on.allocateOnDemand(3, 0));
    invalid("rows", () -> x.rows(4));
    invalid("columns", () -> x.columns(8, 33));
    invalid("columns", () -> x.columns(8, 8));
    try (BoundBatch batch = on.bind(tokens(1, 31, 32))) {
      invalid("token", () -> on.embed(square, batch, x));
      invalid("embed out", () -> on.embed(square, batch, shorter));
    }
  }

  @Test
  void batchesThatDoNotFitAreRefused() {
    Backend on = backend();
    Tensor q = on.allocate(2, 32);
    Tensor kv = on.allocate(2, 16);
    AttentionParameters parameters = new AttentionParameters(4, 2, 8, 1);
    RopeTable table = on.rope(new RopeParameters(RopeParameters.Style.HALVES, new float[4], 1, 16));
    try (KvPool pool = on.allocateKv(new KvLayout(2, 2, 8, 16, DType.F32), 2)) {
      try (BoundBatch batch = on.bind(decode(15, 0, 1))) {
        on.writeKv(kv, kv, pool, 0, batch);
        invalid("layer", () -> on.writeKv(kv, kv, pool, 2, batch));
        invalid("kv columns", () -> on.writeKv(q, kv, pool, 0, batch));
        invalid("kv rows", () -> on.writeKv(kv.rows(1), kv, pool, 0, batch));
        invalid("layer", () -> on.ropeAndWriteKv(q, kv, kv, 8, table, pool, 2, batch));
        invalid("kv columns", () -> on.ropeAndWriteKv(q, q, kv, 8, table, pool, 0, batch));
        invalid("rope position", () -> on.ropeAndWriteKv(q, kv, kv, 8, table, pool, 0, batch));
        invalid("layer", () -> on.attention(q, pool, -1, parameters, batch, q));
        invalid("q", () -> on.attention(kv, pool, 0, parameters, batch, kv));
        AttentionParameters other = new AttentionParameters(4, 1, 8, 1);
        invalid("heads", () -> on.attention(q, pool, 0, other, batch, q));
        invalid("rope position", () -> on.rope(q, 8, table, batch));
        invalid("rope heads", () -> on.rope(q, 5, table, batch));
        invalid("rope rows", () -> on.rope(q.rows(1), 8, table, batch));
        invalid("rope width", () -> on.rope(q, 4, table, batch));
      }
      try (BoundBatch few = on.bind(decode(15, 0))) {
        invalid("too few blocks", () -> on.writeKv(kv, kv, pool, 0, few));
        invalid("too few blocks", () -> on.attention(q, pool, 0, parameters, few, q));
      }
      try (BoundBatch unknown = on.bind(decode(15, 0, 2))) {
        invalid("unknown block", () -> on.writeKv(kv, kv, pool, 0, unknown));
      }
    }
    invalid("negative context", () -> on.bind(decode(-1, 0)));
    invalid(
        "descending rows",
        () ->
            on.bind(
                new Batch(new int[2], new int[] {0, 3, 2}, new int[2], new int[2][1], new int[0])));
    invalid(
        "logit row",
        () ->
            on.bind(
                new Batch(new int[2], new int[] {0, 2}, new int[1], new int[1][1], new int[] {2})));
  }

  private static Batch decode(int context, int... blocks) {
    return new Batch(
        new int[2], new int[] {0, 2}, new int[] {context}, new int[][] {blocks}, new int[0]);
  }

  @Test
  void otherBackendsObjectsAreRefused() {
    Tensor here = backend().allocate(1, 8);
    Weight elsewhere = reference().load(TestTensors.of("w", gaussian(64), 8, 8));
    invalid("weight", () -> backend().matmul(here, elsewhere, here));
  }

  @Test
  void rowsThatAreAskedForAreThere() {
    Backend on = backend();
    try (Tensor most = on.allocateOnDemand(9, 4);
        Tensor one = on.allocate(1, 4)) {
      assertThat(most.rows()).isEqualTo(9);
      for (int rows : new int[] {0, 1, 3, 2, 9}) {
        Tensor some = most.rows(rows);
        float[] values = gaussian(4 * rows);
        on.write(values, some);
        assertThat(download(on, some)).isEqualTo(values);
        if (rows > 0) {
          on.gatherRows(some, new int[] {rows - 1}, one);
          assertThat(download(on, one))
              .isEqualTo(Arrays.copyOfRange(values, 4 * rows - 4, 4 * rows));
        }
      }
      invalid("rows", () -> most.rows(10));
    }
  }

  @Test
  void closingTwiceIsHarmless() {
    Tensor x = backend().allocate(2, 8);
    Tensor view = x.rows(1);
    view.close();
    assertThat(download(backend(), x)).containsOnly(0);
    x.close();
    x.close();
    KvPool pool = backend().allocateKv(new KvLayout(1, 1, 8, 16, DType.F32), 1);
    pool.close();
    pool.close();
  }
}
