package dev.andante.model;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import org.junit.jupiter.api.Assumptions;

/** Backends that tests of models run on. */
public final class TestBackends {

  private TestBackends() {}

  /** The backend of this name; the calling test is skipped where it is not on the class path. */
  public static Backend open(String name, ComputePool pool) {
    return open(name, pool, Precision.EXACT);
  }

  /** As {@link #open(String, ComputePool)}. */
  public static Backend open(String name, ComputePool pool, Precision precision) {
    Assumptions.assumeTrue(
        Backends.providers().stream()
            .filter(BackendProvider::isAvailable)
            .anyMatch(provider -> provider.name().equals(name)),
        "backend " + name + " is not available");
    return Backends.open(name, pool, precision);
  }

  /** The scalar reference on the calling thread. */
  public static Backend reference() {
    return Backends.open("reference", new ComputePool(1));
  }
}
