package dev.andante.compute;

/**
 * A backend cannot do what was asked: out of memory, a lost device, a broken native library. The
 * message says what to change.
 */
public class BackendException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public BackendException(String message) {
    super(message);
  }

  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
