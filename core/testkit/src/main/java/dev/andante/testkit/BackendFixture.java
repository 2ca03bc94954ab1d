package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Tensor;
import dev.andante.compute.reference.ReferenceBackend;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** A backend beside the reference, and the ways to compare them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BackendFixture {

  private ComputePool pool;
  private Backend reference;
  private Backend backend;
  private Random random;

  /** Opens the backend under test, or skips by an assumption where it cannot run. */
  protected abstract Backend open(ComputePool pool);

  /** Formats that the backend loads; it must refuse the others. */
  protected Set<DType> dtypes() {
    return EnumSet.allOf(DType.class);
  }

  /** Largest normalised mean squared error of a product against the reference. */
  protected double matmulLimit() {
    return 1e-10;
  }

  /**
   * As {@link #matmulLimit}, for a product of so many values: where products round, few values may
   * happen to cancel out and leave little but error.
   */
  protected double matmulLimit(int values) {
    return matmulLimit();
  }

  /** As {@link #matmulLimit}, for rows of an embedding table. */
  protected double tableLimit() {
    return 1e-13;
  }

  /** As {@link #matmulLimit}, for attention. */
  protected double attentionLimit() {
    return 1e-10;
  }

  /** As {@link #matmulLimit}, for norms, rope, activations and sums. */
  protected double elementwiseLimit() {
    return 1e-10;
  }

  @BeforeAll
  final void openBackends() {
    pool = new ComputePool(3);
    backend = open(pool);
    reference = new ReferenceBackend(pool);
  }

  @AfterAll
  final void closeBackends() {
    if (backend != null) {
      backend.close();
    }
    if (reference != null) {
      reference.close();
    }
    pool.close();
  }

  @BeforeEach
  final void seed() {
    random = new PlainRandom(20261122);
  }

  final Backend backend() {
    return backend;
  }

  final Backend reference() {
    return reference;
  }

  final Random random() {
    return random;
  }

  final float[] gaussian(int n) {
    return TestTensors.gaussian(random, n);
  }

  /** Runs an operation on both backends and compares what it returns. */
  final void agree(String what, double limit, Function<Backend, float[]> operation) {
    close(what, limit, operation.apply(backend), operation.apply(reference));
  }

  /** Runs an operation on both backends; the results must be the same bits. */
  final void agreeExactly(String what, Function<Backend, float[]> operation) {
    sameBits(what, operation.apply(backend), operation.apply(reference));
  }

  static void close(String what, double limit, float[] actual, float[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double error = 0;
    double energy = 0;
    int worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double difference = actual[i] - expected[i];
      error += difference * difference;
      energy += (double) expected[i] * expected[i];
      if (!(Math.abs(difference) <= Math.abs(actual[worst] - expected[worst]))) {
        worst = i;
      }
    }
    double nmse = energy == 0 ? error : error / energy;
    if (!(nmse <= limit)) {
      throw new AssertionError(
          what
              + ": NMSE "
              + nmse
              + " > "
              + limit
              + "; worst at "
              + worst
              + ": "
              + actual[worst]
              + " for "
              + expected[worst]);
    }
  }

  static void sameBits(String what, float[] actual, float[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[i])) {
        throw new AssertionError(
            what + ": element " + i + " is " + actual[i] + ", not bit for bit " + expected[i]);
      }
    }
  }

  static Tensor upload(Backend on, float[] values, int rows) {
    Tensor tensor = on.allocate(rows, values.length / rows);
    on.write(values, tensor);
    return tensor;
  }

  /** The same values as a column view into a wider tensor full of NaN. */
  static Tensor uploadView(Backend on, float[] values, int rows) {
    int columns = values.length / rows;
    Tensor wide = on.allocate(rows, columns + 8);
    float[] junk = new float[rows * (columns + 8)];
    Arrays.fill(junk, Float.NaN);
    on.write(junk, wide);
    Tensor view = wide.columns(5, 5 + columns);
    on.write(values, view);
    return view;
  }

  static float[] download(Backend on, Tensor tensor) {
    float[] values = new float[tensor.rows() * tensor.columns()];
    on.read(tensor, values);
    return values;
  }

  /** Rows {@code [from, to)} of a dense matrix. */
  static float[] rows(float[] values, int columns, int from, int to) {
    return Arrays.copyOfRange(values, from * columns, to * columns);
  }
}
