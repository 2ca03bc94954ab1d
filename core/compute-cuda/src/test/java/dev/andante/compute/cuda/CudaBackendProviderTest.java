package dev.andante.compute.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import org.junit.jupiter.api.Test;

class CudaBackendProviderTest {

  @Test
  void theProviderIsFoundAndComesFirst() {
    BackendProvider provider = Backends.providers().getFirst();
    assertThat(provider).isInstanceOf(CudaBackendProvider.class);
    assertThat(provider.name()).isEqualTo("cuda");
    assertThat(provider.priority()).isEqualTo(1000);
  }

  @Test
  void askingIsHarmlessEverywhere() {
    String reason = new CudaBackendProvider().unavailableReason();
    assertThat(reason).doesNotContain("Exception").doesNotContain("\n").doesNotContain("null");
    assertThat(new CudaBackendProvider().isAvailable()).isEqualTo(reason.isEmpty());
  }

  @Test
  void withoutAGpuTheErrorSaysWhatIsMissing() {
    String reason = new CudaBackendProvider().unavailableReason();
    assumeTrue(!reason.isEmpty(), "this machine has a GPU");
    try (ComputePool pool = new ComputePool(1)) {
      assertThatThrownBy(() -> new CudaBackendProvider().create(pool, Precision.EXACT))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining(reason);
      assertThatThrownBy(() -> Backends.open("cuda", pool))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining(reason);
    }
  }

  @Test
  void withAGpuItIsChosenByItself() {
    CudaTests.openOrSkip().close();
    try (ComputePool pool = new ComputePool(1);
        Backend backend = Backends.open(Backends.AUTO, pool)) {
      assertThat(backend.name()).isEqualTo("cuda");
    }
  }
}
