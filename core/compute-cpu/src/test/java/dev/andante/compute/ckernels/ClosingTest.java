package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Precision;
import dev.andante.testkit.ClosedUnderWork;
import org.junit.jupiter.api.Test;

/** Weights freed under a running product end it with an exception; the process lives. */
class ClosingTest {

  @Test
  void aProductAfterTheBackendIsClosedFailsAndNothingElse() throws Exception {
    assumeThat(KernelLibrary.unavailableReason()).as("the native kernels").isEmpty();
    try (ComputePool pool = new ComputePool(2)) {
      NativeBackend backend = new NativeBackend(pool, Precision.FAST, KernelLibrary.best());
      assertThat(ClosedUnderWork.close(backend, DType.Q4_1, 2048))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
