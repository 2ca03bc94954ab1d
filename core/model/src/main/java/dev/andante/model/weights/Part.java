package dev.andante.model.weights;

import org.jspecify.annotations.Nullable;

/**
 * One matrix of a fused weight.
 *
 * @param name of the matrix {@code [outputs, inputs]}
 * @param bias name of its bias {@code [outputs]}, or null
 */
public record Part(String name, int outputs, @Nullable String bias) {

  public Part(String name, int outputs) {
    this(name, outputs, null);
  }
}
