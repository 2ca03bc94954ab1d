package dev.andante.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BackendsTest {

  @Test
  void theReferenceIsAlwaysThere() {
    try (ComputePool pool = new ComputePool(1);
        Backend best = Backends.open(Backends.AUTO, pool);
        Backend named = Backends.open("reference", pool)) {
      assertThat(best.name()).isEqualTo("reference");
      assertThat(named.numerics()).isEqualTo("reference");
      assertThat(named.description()).contains("1 thread");
    }
  }

  @Test
  void aMissingBackendIsRefusedWithWhatThereIs() {
    try (ComputePool pool = new ComputePool(1)) {
      assertThatThrownBy(() -> Backends.open("cuda", pool))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("cuda")
          .hasMessageContaining("reference available");
    }
  }
}
