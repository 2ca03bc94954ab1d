package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.BackendException;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Precision;
import dev.andante.testkit.ClosedUnderWork;
import dev.andante.testkit.TestTensors;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Memory that cannot be had, and memory that is freed while it is used. */
class OneDnnMemoryTest {

  @Test
  void tooLittleMemoryNamesTheBytesAndTheSetting() {
    HostTensor tensor = TestTensors.random(new Random(1), "blk.3.up", DType.F32, 128, 64);
    OneDnn library = OneDnnTests.openOrSkip();
    try (ComputePool pool = new ComputePool(1);
        OneDnnBackend backend =
            new OneDnnBackend(
                OneDnnProvider.rest(pool, Precision.FAST),
                pool,
                library,
                Format.S8,
                Precision.FAST,
                1,
                new MemoryLimit(3 * 128 * 64))) {
      for (int i = 0; i < 3; i++) {
        backend.load(tensor);
      }
      assertThatThrownBy(() -> backend.load(tensor))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("blk.3.up")
          .hasMessageContaining("8192 bytes")
          .hasMessageContaining("32768 bytes with the weights before it, of 24576")
          .hasMessageContaining("andante.compute.backend");
    }
  }

  @Test
  void thereIsMemoryOnThisMachine() {
    MemoryLimit.ofThisMachine().take("little", 1 << 20);
    assertThatThrownBy(() -> MemoryLimit.ofThisMachine().take("much", 1L << 60))
        .isInstanceOf(BackendException.class);
  }

  @Test
  void aProductAfterTheBackendIsClosedFailsAndNothingElse() throws Exception {
    try (ComputePool pool = new ComputePool(2)) {
      OneDnnBackend backend = OneDnnTests.backend(pool, Format.BF16, Precision.FAST, 1);
      assertThat(ClosedUnderWork.close(backend, DType.F32, 1024)).hasMessageContaining("closed");
      backend.close();
    }
  }
}
