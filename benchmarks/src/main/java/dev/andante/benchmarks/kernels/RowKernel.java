package dev.andante.benchmarks.kernels;

import dev.andante.benchmarks.data.RandomWeights;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
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

/** What happens to each row between the products, at the default model's widths. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class RowKernel {

  private static final int HIDDEN = 576;
  private static final int INNER = 1536;
  private static final int HEAD_DIM = 64;

  @Param({"1", "16", "512"})
  public int rows;

  private @Nullable Tensor hidden;
  private @Nullable Tensor normed;
  private @Nullable Tensor gateUp;
  private @Nullable Tensor inner;
  private @Nullable Weight gain;
  private @Nullable RopeTable table;
  private @Nullable BoundBatch batch;

  static Work rmsNorm(KernelParameters parameters) {
    return new Work(parameters.number("rows") * HIDDEN * 8.0, 0);
  }

  static Work rope(KernelParameters parameters) {
    return new Work(parameters.number("rows") * HIDDEN * 8.0, 0);
  }

  static Work siluMul(KernelParameters parameters) {
    return new Work(parameters.number("rows") * INNER * 12.0, 0);
  }

  @Setup(Level.Trial)
  public void allocate(BackendState state) {
    hidden = state.gaussian(rows, HIDDEN);
    normed = state.get().allocate(rows, HIDDEN);
    gateUp = state.gaussian(rows, 2 * INNER);
    inner = state.get().allocate(rows, INNER);
    gain = state.get().load(RandomWeights.gain(state.random(), HIDDEN));
    float[] frequencies = new float[HEAD_DIM / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) Math.pow(10_000, -2.0 * i / HEAD_DIM);
    }
    table =
        state.get().rope(new RopeParameters(RopeParameters.Style.ADJACENT, frequencies, 1, 1024));
    batch =
        state
            .get()
            .bind(
                new Batch(
                    new int[rows],
                    new int[] {0, rows},
                    new int[] {64},
                    new int[][] {IntStream.range(0, 64).toArray()},
                    new int[0]));
  }

  @Benchmark
  @SuppressWarnings("NullAway") // set up before
  public void rmsNorm(BackendState state) {
    state.get().rmsNorm(hidden, gain, 1e-5f, normed);
  }

  @Benchmark
  @SuppressWarnings("NullAway") // set up before
  public void rope(BackendState state) {
    state.get().rope(hidden, HEAD_DIM, table, batch);
  }

  @Benchmark
  @SuppressWarnings("NullAway") // set up before
  public void siluMul(BackendState state) {
    state.get().siluMul(gateUp, inner);
  }
}
