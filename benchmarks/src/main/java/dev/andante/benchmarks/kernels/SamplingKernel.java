package dev.andante.benchmarks.kernels;

import dev.andante.compute.Tensor;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.sampling.Sampler;
import dev.andante.engine.sampling.TokenCounts;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
 * Choosing one token of a vocabulary: greedily by the backend, by temperature alone, and with top-k
 * and top-p. Sampling includes reading the row back, which the engine does too.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class SamplingKernel {

  private static final int[] NOTHING_MASKED = {};

  @Param({"49152", "151936"})
  public int vocabulary;

  private final int[] chosen = new int[1];
  private float[] row = new float[0];
  private @Nullable Tensor logits;
  private @Nullable Sampler sampler;
  private @Nullable TokenCounts counts;
  private int position;

  static Work work(KernelParameters parameters) {
    return new Work(parameters.number("vocabulary") * 4.0, 0);
  }

  @Setup(Level.Trial)
  public void allocate(BackendState state) {
    logits = state.gaussian(1, vocabulary);
    row = new float[vocabulary];
    sampler = new Sampler(vocabulary);
    counts = new TokenCounts();
  }

  @Benchmark
  @SuppressWarnings("NullAway") // set up before
  public int greedy(BackendState state) {
    state.get().argmax(logits, chosen);
    return chosen[0];
  }

  @Benchmark
  public GeneratedToken temperature(BackendState state) {
    return sample(state, params(0, 1));
  }

  @Benchmark
  public GeneratedToken topKTopP(BackendState state) {
    return sample(state, params(40, 0.95f));
  }

  @SuppressWarnings("NullAway") // set up before
  private GeneratedToken sample(BackendState state, SamplingParams params) {
    state.get().read(logits, row);
    return sampler.sample(row, params, counts, NOTHING_MASKED, position++);
  }

  private static SamplingParams params(int topK, float topP) {
    return new SamplingParams(0.8f, topK, topP, 0, 0, 0, 1, 42, Map.of(), false, 0);
  }
}
