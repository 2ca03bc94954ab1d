package dev.andante.engine;

/**
 * Ends an answer on its text. Stateful, one per request, called on the engine thread for each
 * generated token in order, those that a resumed prompt brings along and the first token of a
 * {@link TransferredRequest} included; the caller supplies it since the engine knows no text.
 */
@FunctionalInterface
public interface StopMatcher {

  /** Never stops. */
  StopMatcher NONE = token -> false;

  /** Whether the text up to and including {@code token} contains a stop string. */
  boolean accept(int token);
}
