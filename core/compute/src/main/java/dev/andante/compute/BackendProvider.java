package dev.andante.compute;

/**
 * Entry point of a backend, found by {@link java.util.ServiceLoader}. Looking at one must be cheap
 * and never throw.
 */
public interface BackendProvider {

  /** As {@link Backend#name()}. */
  String name();

  /**
   * The available provider with the highest priority is chosen: reference 0, vector 100, native
   * 200, onednn 300 where there is AMX and below vector elsewhere, cuda 1000.
   */
  int priority();

  /** Empty when {@link #create} can be expected to work, else the reason why not. */
  String unavailableReason();

  default boolean isAvailable() {
    return unavailableReason().isEmpty();
  }

  /**
   * @param pool threads for the kernels; owned by the caller, outlives the backend
   * @param precision how exact products need to be
   * @throws BackendException if the backend cannot start after all
   */
  Backend create(ComputePool pool, Precision precision);
}
