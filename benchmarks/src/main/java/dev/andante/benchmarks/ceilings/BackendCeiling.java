package dev.andante.benchmarks.ceilings;

import dev.andante.benchmarks.data.RandomWeights;
import dev.andante.benchmarks.report.Runtimes;
import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * The largest product that a backend does in one of its formats: 512 rows of 2048 numbers with 8192
 * outputs, f32 in and out. What a library reaches without our packing and rounding may be higher; a
 * probe of the library itself then is the ceiling.
 */
final class BackendCeiling implements CeilingProbe {

  private static final int ROWS = 512;
  private static final int INPUTS = 2048;
  private static final int OUTPUTS = 8192;
  private static final long NANOS = 300_000_000;

  private final BackendProvider provider;
  private final Precision precision;
  private final Ceiling kind;

  /** Kept: loading the weight takes longer than multiplying with it. */
  private final Map<Integer, Product> products = new HashMap<>();

  private BackendCeiling(BackendProvider provider, Precision precision, Ceiling kind) {
    this.provider = provider;
    this.precision = precision;
    this.kind = kind;
  }

  /** Empty if the backend is not available after all. */
  static Optional<BackendCeiling> of(BackendProvider provider, Precision precision) {
    if (!provider.isAvailable()) {
      return Optional.empty();
    }
    try (ComputePool pool = new ComputePool(1);
        Backend backend = provider.create(pool, precision)) {
      Ceiling kind = Ceiling.of(Runtimes.computeFormat(backend.numerics()));
      return Optional.of(new BackendCeiling(provider, precision, kind));
    } catch (BackendException e) {
      return Optional.empty();
    }
  }

  @Override
  public String source() {
    return provider.name();
  }

  @Override
  public Set<Ceiling> kinds() {
    return Set.of(kind);
  }

  @Override
  public synchronized double sample(Ceiling wanted, int threads, long bytes) {
    return products.computeIfAbsent(threads, this::product).rate();
  }

  private Product product(int threads) {
    Backend backend = provider.create(new ComputePool(threads), precision);
    Random random = new Random(1);
    DType format =
        switch (kind) {
          case S8 -> DType.Q8_0;
          case BF16 -> DType.BF16;
          default -> DType.F32;
        };
    float[] values = new float[ROWS * INPUTS];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat(-1, 1);
    }
    Tensor x = backend.allocate(ROWS, INPUTS);
    backend.write(values, x);
    Weight weight = backend.load(RandomWeights.matrix(random, format, OUTPUTS, INPUTS));
    return new Product(backend, x, weight, backend.allocate(ROWS, OUTPUTS), new float[OUTPUTS]);
  }

  /** Ready to be multiplied. */
  private record Product(Backend backend, Tensor x, Weight weight, Tensor out, float[] row) {

    double rate() {
      long start = System.nanoTime();
      long now;
      int count = 0;
      do {
        backend.matmul(x, weight, out);
        count++;
        now = System.nanoTime();
      } while (now - start < NANOS);
      backend.read(out.rows(1), row); // waits, where a backend returns before it is done
      return 2.0 * ROWS * INPUTS * OUTPUTS * count / (System.nanoTime() - start);
    }
  }
}
