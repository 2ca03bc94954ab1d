package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.DType;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A backend that is closed while another thread multiplies: weights must not go under its feet. */
public final class ClosedUnderWork {

  private static final int ROWS = 32;

  private ClosedUnderWork() {}

  /**
   * Closes the backend and returns what its products failed with afterwards.
   *
   * @param size inputs and outputs of the weight that is multiplied with
   */
  public static IllegalStateException close(Backend backend, DType dtype, int size)
      throws Exception {
    Weight weight = backend.load(TestTensors.random(new Random(1), "w", dtype, size, size));
    Tensor x = backend.allocate(ROWS, size);
    Tensor out = backend.allocate(ROWS, size);
    CountDownLatch running = new CountDownLatch(10);
    CompletableFuture<IllegalStateException> ended =
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
    return ended.get(30, TimeUnit.SECONDS);
  }
}
