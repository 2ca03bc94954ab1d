package dev.andante.compute.reference;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;

/** Always available, never fast. */
public final class ReferenceProvider implements BackendProvider {

  @Override
  public String name() {
    return ReferenceBackend.NAME;
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public String unavailableReason() {
    return "";
  }

  @Override
  public Backend create(ComputePool pool, Precision precision) {
    return new ReferenceBackend(pool);
  }
}
