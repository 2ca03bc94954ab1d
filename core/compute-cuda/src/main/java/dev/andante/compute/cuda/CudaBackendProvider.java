package dev.andante.compute.cuda;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;

/** Offers device 0 of the machine; {@code CUDA_VISIBLE_DEVICES} says which one that is. */
public final class CudaBackendProvider implements BackendProvider {

  @Override
  public String name() {
    return CudaBackend.NAME;
  }

  @Override
  public int priority() {
    return 1000;
  }

  @Override
  public String unavailableReason() {
    return Driver.unavailableReason();
  }

  @Override
  public Backend create(ComputePool pool, Precision precision) {
    String reason = unavailableReason();
    if (!reason.isEmpty()) {
      throw new BackendException("CUDA cannot be used: " + reason);
    }
    return CudaBackend.open(0);
  }
}
