package dev.andante.compute.vector;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;

/** Available where the JVM was started with the incubating Vector API. */
public final class VectorProvider implements BackendProvider {

  static final String NAME = "vector";

  private static final String MODULE = "jdk.incubator.vector";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int priority() {
    return 100;
  }

  @Override
  public String unavailableReason() {
    return unavailableReason(ModuleLayer.boot());
  }

  static String unavailableReason(ModuleLayer modules) {
    return modules.findModule(MODULE).isPresent()
        ? ""
        : "the JVM was started without --add-modules=" + MODULE;
  }

  @Override
  public Backend create(ComputePool pool, Precision precision) {
    String reason = unavailableReason();
    if (!reason.isEmpty()) {
      throw new BackendException("backend '" + NAME + "' cannot start: " + reason);
    }
    return new VectorBackend(pool);
  }
}
