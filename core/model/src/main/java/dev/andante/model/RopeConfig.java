package dev.andante.model;

import dev.andante.compute.RopeParameters;
import java.util.Arrays;

/**
 * Rotary embedding of a checkpoint, scaling already applied to the frequencies.
 *
 * @param style element pairing; GGUF's llama architecture is ADJACENT, published checkpoints are
 *     HALVES
 * @param inverseFrequencies {@code [rotary / 2]}
 * @param magnitude factor on cosine and sine
 */
public record RopeConfig(RopeParameters.Style style, float[] inverseFrequencies, float magnitude) {

  @Override
  public boolean equals(Object other) {
    return other instanceof RopeConfig that
        && style == that.style
        && Arrays.equals(inverseFrequencies, that.inverseFrequencies)
        && Float.compare(magnitude, that.magnitude) == 0;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(inverseFrequencies);
  }

  @Override
  public String toString() {
    return "RopeConfig[%s, %s, %s]"
        .formatted(style, Arrays.toString(inverseFrequencies), magnitude);
  }
}
