package dev.andante.benchmarks.kernels;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.BFloat16;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Attention of one layer with the default model's heads over a bf16 cache: {@code batch} is {@code
 * SEQUENCESxROWS@CONTEXT}, so 1x1@4096 decodes one token of one sequence at a depth of 4096 and
 * 1x512@0 prefills 512. Each call takes the next layer of the cache, as a model does.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class AttentionKernel {

  private static final int BLOCK_SIZE = 16;

  @Param({
    "1x1@128",
    "1x1@1024",
    "1x1@4096",
    "8x1@128",
    "8x1@1024",
    "16x1@128",
    "1x512@0",
    "1x512@1536"
  })
  public String batch = "";

  /** Query heads / key-value heads x elements. */
  @Param("9/3x64")
  public String heads = "";

  private @Nullable AttentionParameters parameters;
  private @Nullable KvPool pool;
  private @Nullable BoundBatch bound;
  private @Nullable Tensor queries;
  private @Nullable Tensor out;
  private int layers;
  private int next;

  /** Sequences with equal numbers of rows and tokens before them. */
  private record Shape(int sequences, int rows, int context) {
    static Shape of(String text) {
      String[] parts = text.split("[x@]");
      return new Shape(
          Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
    }

    int length() {
      return context + rows;
    }

    /** (row, position) pairs of one head. */
    double pairs() {
      return sequences * (rows * (double) context + rows * (rows + 1) / 2.0);
    }
  }

  private static AttentionParameters heads(String text) {
    String[] parts = text.split("[/x]");
    int headDim = Integer.parseInt(parts[2]);
    return new AttentionParameters(
        Integer.parseInt(parts[0]),
        Integer.parseInt(parts[1]),
        headDim,
        (float) (1 / Math.sqrt(headDim)));
  }

  static Work work(KernelParameters run) {
    Shape shape = Shape.of(run.text("batch"));
    AttentionParameters heads = heads(run.text("heads"));
    double cache = 4.0 * heads.kvHeads() * heads.headDim() * shape.sequences() * shape.length();
    return new Work(cache, 4 * shape.pairs() * heads.heads() * heads.headDim());
  }

  @Setup(Level.Trial)
  public void fill(BackendState state) {
    Shape shape = Shape.of(batch);
    AttentionParameters of = heads(heads);
    KvLayout layer = new KvLayout(1, of.kvHeads(), of.headDim(), BLOCK_SIZE, DType.BF16);
    int blocks = layer.blocksFor(shape.length());
    long bytes = layer.bytesPerBlock() * blocks * shape.sequences();
    layers = Math.clamp(BackendState.STREAMED_BYTES / bytes, 1, 30);
    KvLayout layout = new KvLayout(layers, of.kvHeads(), of.headDim(), BLOCK_SIZE, DType.BF16);
    KvPool memory = state.get().allocateKv(layout, blocks * shape.sequences());
    for (int block = 0; block < memory.blocks(); block++) {
      memory.write(block, 0, BLOCK_SIZE, 0, layers, halves(state.random(), layout.bytesPerBlock()));
    }
    int rows = shape.rows();
    bound =
        state
            .get()
            .bind(
                new Batch(
                    new int[shape.sequences() * rows],
                    IntStream.rangeClosed(0, shape.sequences()).map(s -> s * rows).toArray(),
                    IntStream.range(0, shape.sequences()).map(_ -> shape.context()).toArray(),
                    IntStream.range(0, shape.sequences())
                        .mapToObj(s -> IntStream.range(s * blocks, (s + 1) * blocks).toArray())
                        .toArray(int[][]::new),
                    new int[0]));
    queries = state.gaussian(shape.sequences() * rows, of.heads() * of.headDim());
    out = state.get().allocate(shape.sequences() * rows, of.heads() * of.headDim());
    parameters = of;
    pool = memory;
  }

  @Benchmark
  @SuppressWarnings("NullAway") // set up before
  public void attention(BackendState state) {
    next = next + 1 < layers ? next + 1 : 0;
    state.get().attention(queries, pool, next, parameters, bound, out);
  }

  private static MemorySegment halves(Random random, long bytes) {
    short[] values = new short[(int) (bytes / 2)];
    for (int i = 0; i < values.length; i++) {
      values[i] = BFloat16.fromFloat(random.nextFloat(-1, 1));
    }
    MemorySegment native_ = Arena.ofAuto().allocate(bytes);
    MemorySegment.copy(values, 0, native_, ValueLayout.JAVA_SHORT, 0, values.length);
    return native_;
  }
}
