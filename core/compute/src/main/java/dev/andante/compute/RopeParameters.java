package dev.andante.compute;

/**
 * Rotary position embedding, already resolved to plain numbers so that a backend need not know
 * scaling schemes.
 *
 * @param style how the elements of a head are paired
 * @param inverseFrequencies {@code [rotary / 2]} angle per position step of each pair; {@code
 *     rotary <= headDim}, elements beyond it pass through
 * @param magnitude factor on cosine and sine (1 unless a scaling scheme such as YaRN sets it)
 * @param maxPositions positions that the table must cover
 */
public record RopeParameters(
    Style style, float[] inverseFrequencies, float magnitude, int maxPositions) {

  /** How elements are paired for rotation. */
  public enum Style {
    /** Element i with i + rotary/2, as published checkpoints of the Llama family are laid out. */
    HALVES,
    /** Element 2i with 2i + 1, as GGUF lays out the llama architecture. */
    ADJACENT
  }

  /** Elements of a head that are rotated. */
  public int rotary() {
    return 2 * inverseFrequencies.length;
  }

  /**
   * Cosine factor of a pair at a position. The angle is rounded to f32, as the frameworks that
   * trained the checkpoints do.
   */
  public float cosine(int position, int pair) {
    return (float) (Math.cos(position * inverseFrequencies[pair]) * magnitude);
  }

  /** Sine factor of a pair at a position; see {@link #cosine}. */
  public float sine(int position, int pair) {
    return (float) (Math.sin(position * inverseFrequencies[pair]) * magnitude);
  }
}
