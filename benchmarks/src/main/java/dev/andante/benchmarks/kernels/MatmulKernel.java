package dev.andante.benchmarks.kernels;

import dev.andante.benchmarks.data.RandomWeights;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.util.ArrayList;
import java.util.List;
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
 * Products of one row (decode), few rows (batched decode) and many rows (prefill). With few rows
 * each call takes the next of many equal matrices, so that weights come from memory as they do in a
 * model; many rows use one matrix.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class MatmulKernel {

  private static final int FEW_ROWS = 16;

  @Param({"Q4_1", "Q4_0", "Q8_0", "BF16", "F32"})
  public String format = "";

  /** Inputs x outputs: gate and up of the default model and of a 1B-class one. */
  @Param({"576x3072", "2048x16384"})
  public String shape = "";

  @Param({"1", "8", "16", "512"})
  public int rows;

  private final List<Weight> weights = new ArrayList<>();
  private @Nullable Tensor x;
  private @Nullable Tensor out;
  private int next;

  /** Dimensions of a weight. */
  private record Shape(int inputs, int outputs) {
    static Shape of(String text) {
      String[] parts = text.split("x");
      return new Shape(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    double elements() {
      return (double) inputs * outputs;
    }
  }

  static Work work(KernelParameters parameters) {
    Shape shape = Shape.of(parameters.text("shape"));
    int rows = parameters.number("rows");
    double weights = DType.valueOf(parameters.text("format")).bytes((long) shape.elements());
    return new Work(rows > FEW_ROWS ? 0 : weights, 2 * rows * shape.elements());
  }

  @Setup(Level.Trial)
  public void load(BackendState state) {
    Shape of = Shape.of(shape);
    HostTensor tensor =
        RandomWeights.matrix(state.random(), DType.valueOf(format), of.outputs(), of.inputs());
    long copies = rows > FEW_ROWS ? 1 : BackendState.STREAMED_BYTES / tensor.data().byteSize() + 1;
    for (long i = 0; i < copies; i++) {
      weights.add(state.get().load(tensor));
    }
    x = state.gaussian(rows, of.inputs());
    out = state.get().allocate(rows, of.outputs());
  }

  @Benchmark
  @SuppressWarnings("NullAway") // set up before
  public void matmul(BackendState state) {
    next = next + 1 < weights.size() ? next + 1 : 0;
    state.get().matmul(x, weights.get(next), out);
  }
}
