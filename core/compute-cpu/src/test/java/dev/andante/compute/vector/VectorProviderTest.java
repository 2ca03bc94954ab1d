package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import org.junit.jupiter.api.Test;

class VectorProviderTest {

  @Test
  void itComesBetweenTheNativeKernelsAndTheReference() {
    assertThat(Backends.providers())
        .extracting(BackendProvider::name)
        .contains("onednn", "onednn-s8")
        .containsSubsequence("native", "vector", "reference");
    try (ComputePool pool = new ComputePool(1);
        Backend backend = Backends.open("vector", pool)) {
      assertThat(backend.name()).isEqualTo("vector");
      assertThat(backend.description()).contains("-bit").contains("1 thread");
    }
  }

  @Test
  void withoutTheModuleItSaysWhatIsMissing() {
    assertThat(VectorProvider.unavailableReason(ModuleLayer.empty()))
        .contains("--add-modules=jdk.incubator.vector");
    assertThat(VectorProvider.unavailableReason(ModuleLayer.boot())).isEmpty();
  }
}
