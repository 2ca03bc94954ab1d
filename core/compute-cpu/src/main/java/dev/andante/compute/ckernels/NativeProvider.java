package dev.andante.compute.ckernels;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;

/** Available where the library was built for this platform and the processor has AVX2. */
public final class NativeProvider implements BackendProvider {

  static final String NAME = "native";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int priority() {
    return 200;
  }

  @Override
  public String unavailableReason() {
    return KernelLibrary.unavailableReason();
  }

  @Override
  public Backend create(ComputePool pool, Precision precision) {
    return create(pool, precision, InstructionSet.AMX);
  }

  /**
   * A backend whose products of many rows are computed as those of few, for one that has a way of
   * its own for many.
   */
  public Backend createWithoutTiles(ComputePool pool, Precision precision) {
    return create(pool, precision, InstructionSet.AVX512_BF16);
  }

  private Backend create(ComputePool pool, Precision precision, InstructionSet most) {
    String reason = unavailableReason();
    if (!reason.isEmpty()) {
      throw new BackendException("backend '" + NAME + "' cannot start: " + reason);
    }
    InstructionSet best = KernelLibrary.best();
    return new NativeBackend(pool, precision, best.compareTo(most) < 0 ? best : most);
  }
}
