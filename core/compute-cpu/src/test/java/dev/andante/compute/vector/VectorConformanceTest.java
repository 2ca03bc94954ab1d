package dev.andante.compute.vector;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.testkit.BackendConformance;

class VectorConformanceTest extends BackendConformance {

  @Override
  protected Backend open(ComputePool pool) {
    return new VectorBackend(pool);
  }
}
