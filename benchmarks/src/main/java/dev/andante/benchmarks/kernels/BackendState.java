package dev.andante.benchmarks.kernels;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A backend with its threads, for one trial. */
@State(Scope.Benchmark)
public class BackendState {

  /** Working sets are made at least this large where a model's would come from memory too. */
  static final long STREAMED_BYTES = 128L << 20;

  @Param("auto")
  public String backend = Backends.AUTO;

  /** FAST or EXACT. */
  @Param("FAST")
  public Precision precision = Precision.FAST;

  @Param("2")
  public int threads;

  private @Nullable ComputePool pool;
  private @Nullable Backend opened;
  private final Random random = new Random(20261122);

  @Setup(Level.Trial)
  public void open() {
    pool = new ComputePool(threads);
    opened = Backends.open(backend, pool, precision);
  }

  @TearDown(Level.Trial)
  public void close() {
    if (opened != null) {
      opened.close();
    }
    if (pool != null) {
      pool.close();
    }
  }

  Backend get() {
    if (opened == null) {
      throw new IllegalStateException("not opened");
    }
    return opened;
  }

  Random random() {
    return random;
  }

  /** New activations of standard normal numbers. */
  Tensor gaussian(int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    Tensor tensor = get().allocate(rows, columns);
    get().write(values, tensor);
    return tensor;
  }
}
