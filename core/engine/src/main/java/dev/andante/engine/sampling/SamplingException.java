package dev.andante.engine.sampling;

/** No token can be chosen from a row of logits; concerns the one request whose row it is. */
public final class SamplingException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public SamplingException(String message) {
    super(message);
  }
}
