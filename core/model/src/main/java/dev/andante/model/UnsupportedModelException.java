package dev.andante.model;

/**
 * A model, or something about its configuration or weights, is not one that this software can run.
 * The message names the model, what was found and what is supported.
 */
public class UnsupportedModelException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * @param model the architecture, or the file where that is not known
   * @param found what is wrong or not supported
   * @param supported what would work
   */
  public UnsupportedModelException(String model, String found, String supported) {
    super(model + ": " + found + " is not supported; supported: " + supported);
  }

  public UnsupportedModelException(String message) {
    super(message);
  }
}
