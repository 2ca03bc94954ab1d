package dev.andante.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.reference.ReferenceBackend;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackendsTest {

  /**
   * @param reason why it is unavailable, or empty
   * @param broken whether it then fails to start
   */
  private record Provider(String name, int priority, String reason, boolean broken)
      implements BackendProvider {

    @Override
    public String unavailableReason() {
      return reason;
    }

    @Override
    public Backend create(ComputePool pool, Precision precision) {
      if (broken) {
        throw new BackendException("the library of " + name + " is broken");
      }
      return new ReferenceBackend(pool);
    }
  }

  private static final BackendProvider BROKEN = new Provider("broken", 9, "", true);
  private static final BackendProvider ABSENT = new Provider("absent", 8, "no device", false);
  private static final BackendProvider SOUND = new Provider("sound", 7, "", false);

  @Test
  void whatCannotStartIsPassedOverUnlessNamed() {
    List<BackendProvider> providers = List.of(BROKEN, ABSENT, SOUND);
    try (ComputePool pool = new ComputePool(1)) {
      Backends.open(Backends.AUTO, pool, Precision.EXACT, providers).close();
      Backends.open("sound", pool, Precision.EXACT, providers).close();
      assertThatThrownBy(() -> Backends.open("broken", pool, Precision.EXACT, providers))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("the library of broken is broken");
      assertThatThrownBy(() -> Backends.open("absent", pool, Precision.EXACT, providers))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("no device");
      assertThatThrownBy(
              () -> Backends.open(Backends.AUTO, pool, Precision.EXACT, List.of(BROKEN, ABSENT)))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("no backend can start")
          .hasMessageContaining("absent unavailable: no device");
    }
  }

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
