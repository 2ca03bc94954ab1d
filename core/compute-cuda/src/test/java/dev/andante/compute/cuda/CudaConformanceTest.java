package dev.andante.compute.cuda;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.testkit.BackendConformance;

/** The suite of all backends, on the GPU. */
class CudaConformanceTest extends BackendConformance {

  @Override
  protected Backend open(ComputePool pool) {
    return CudaTests.openOrSkip();
  }

  /** Activations are rounded to bf16; about 3e-6 over many outputs, more over the suite's few. */
  @Override
  protected double matmulLimit() {
    return 5e-5;
  }

  /** Queries and softmax weights are rounded to bf16. */
  @Override
  protected double attentionLimit() {
    return 1e-4;
  }
}
