package dev.andante.simulator;

/** A command line that cannot be followed; the message names the option and what it takes. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
