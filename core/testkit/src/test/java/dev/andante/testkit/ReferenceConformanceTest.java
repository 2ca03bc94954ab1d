package dev.andante.testkit;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.reference.ReferenceBackend;
import org.junit.jupiter.api.Tag;

/** The suite passes on the reference itself, including what is not a comparison. */
@Tag("slow")
class ReferenceConformanceTest extends BackendConformance {

  @Override
  protected Backend open(ComputePool pool) {
    return new ReferenceBackend(pool);
  }

  @Override
  void otherBackendsObjectsAreRefused() {
    // there is no other
  }
}
