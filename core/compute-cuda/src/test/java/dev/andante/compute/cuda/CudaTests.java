package dev.andante.compute.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Skips tests that need a GPU where there is none, and says why. */
final class CudaTests {

  private CudaTests() {}

  static CudaBackend openOrSkip() {
    String reason = Driver.unavailableReason();
    assumeTrue(reason.isEmpty(), () -> "needs a GPU: " + reason);
    return CudaBackend.open(0);
  }
}
