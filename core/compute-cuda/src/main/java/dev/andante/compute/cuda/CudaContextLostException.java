package dev.andante.compute.cuda;

import dev.andante.compute.BackendException;

/**
 * A fault on the device destroyed the context: every tensor, weight and KV block of this backend is
 * gone and every further call fails. Close the backend and open another; after most faults (an
 * illegal address among them) the driver refuses that too until the process has been restarted, and
 * then opening fails with this same exception. A service that sees it stops taking work and exits.
 */
public final class CudaContextLostException extends BackendException {

  private static final long serialVersionUID = 1L;

  CudaContextLostException(String cause) {
    super(
        cause
            + "; the CUDA context is lost and its memory with it: close this backend and open"
            + " another, or restart the process if that fails too");
  }
}
