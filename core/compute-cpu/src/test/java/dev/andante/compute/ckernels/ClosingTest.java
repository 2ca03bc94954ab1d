package dev.andante.compute.ckernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import dev.andante.testkit.TestTensors;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Weights freed under a running product end it with an exception; the process lives. */
class ClosingTest {

  @Test
  void aProductAfterTheBackendIsClosedFailsAndNothingElse() throws Exception {
    assumeThat(KernelLibrary.unavailableReason()).as("the native kernels").isEmpty();
    try (ComputePool pool = new ComputePool(2)) {
      NativeBackend backend = new NativeBackend(pool, Precision.FAST, KernelLibrary.best());
      Weight weight = backend.load(TestTensors.random(new Random(1), "w", DType.Q4_1, 2048, 2048));
      Tensor x = backend.allocate(32, 2048);
      Tensor out = backend.allocate(32, 2048);
      CountDownLatch running = new CountDownLatch(10);
      CompletableFuture<Throwable> ended =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  while (true) {
                    backend.matmul(x, weight, out);
                    running.countDown();
                  }
                } catch (IllegalStateException e) {
                  return e;
                }
              });
      assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
      backend.close();
      assertThat(ended.get(30, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class);
    }
  }
}
