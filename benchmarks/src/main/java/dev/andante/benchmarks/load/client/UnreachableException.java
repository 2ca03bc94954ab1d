package dev.andante.benchmarks.load.client;

/** The server does not answer, or not as one of this API. */
public final class UnreachableException extends Exception {

  private static final long serialVersionUID = 1;

  UnreachableException(String message) {
    super(message);
  }

  UnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
