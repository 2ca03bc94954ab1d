package dev.andante.model.experts;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.model.experts.ExpertWeights.Expert;

/** Memory to run one expert at a time on up to {@code capacity} rows. Belongs to one thread. */
final class ExpertScratch implements Scratch {

  private final Backend backend;
  private final int capacity;
  private final Tensor input;
  private final Tensor gateUp;
  private final Tensor inner;
  private final Tensor output;

  ExpertScratch(Backend backend, int hiddenSize, int innerSize, int capacity) {
    this.backend = backend;
    this.capacity = capacity;
    this.input = backend.allocate(capacity, hiddenSize);
    this.gateUp = backend.allocate(capacity, 2 * innerSize);
    this.inner = backend.allocate(capacity, innerSize);
    this.output = backend.allocate(capacity, hiddenSize);
  }

  @Override
  public int capacity() {
    return capacity;
  }

  /**
   * Runs an expert on some rows of x.
   *
   * @return {@code [rows.length, hidden]}, valid until the next call
   */
  Tensor run(Expert expert, Tensor x, int[] rows) {
    int n = rows.length;
    backend.gatherRows(x, rows, input.rows(n));
    backend.matmulSiluMul(input.rows(n), expert.gateUp(), gateUp.rows(n), inner.rows(n));
    backend.matmul(inner.rows(n), expert.down(), output.rows(n));
    return output.rows(n);
  }

  @Override
  public void close() {
    input.close();
    gateUp.close();
    inner.close();
    output.close();
  }
}
