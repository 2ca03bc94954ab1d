package dev.andante.compute;

/**
 * A tensor has a format or shape that the backend cannot load. Names the tensor and what is
 * supported.
 */
public class UnsupportedTensorException extends BackendException {

  private static final long serialVersionUID = 1L;

  public UnsupportedTensorException(String tensor, String found, String supported) {
    super("tensor " + tensor + ": " + found + " is not supported; supported: " + supported);
  }
}
