package dev.andante.engine.runtime;

import dev.andante.compute.BackendException;

/** A backend can do nothing any more; whatever was in its memory is gone. */
public final class BackendLostException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  BackendLostException(BackendException cause) {
    super("the compute backend is lost: " + cause.getMessage(), cause);
  }
}
