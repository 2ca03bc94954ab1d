package dev.andante.model;

/** An expert that a forward pass needs cannot be reached, or did not answer before the deadline. */
public class ExpertUnavailableException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public ExpertUnavailableException(String message) {
    super(message);
  }

  public ExpertUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
