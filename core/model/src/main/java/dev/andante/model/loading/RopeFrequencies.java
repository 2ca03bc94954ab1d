package dev.andante.model.loading;

/** Inverse frequencies of rotary embeddings and their scaling schemes. */
final class RopeFrequencies {

  private RopeFrequencies() {}

  /** {@code theta^(-2i / rotary)} for i below {@code rotary / 2}. */
  static float[] of(double theta, int rotary) {
    float[] frequencies = new float[rotary / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) (1 / Math.pow(theta, 2.0 * i / rotary));
    }
    return frequencies;
  }

  /** Positions stretched evenly: Chen et al., "Extending context window", arXiv 2306.15595. */
  static float[] linear(float[] frequencies, double factor) {
    float[] scaled = new float[frequencies.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (float) (frequencies[i] / factor);
    }
    return scaled;
  }

  /** Frequencies divided by a factor each, as GGUF's {@code rope_freqs.weight} gives them. */
  static float[] divided(float[] frequencies, float[] factors) {
    float[] scaled = new float[frequencies.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = frequencies[i] / factors[i];
    }
    return scaled;
  }

  /**
   * Llama 3.1's scheme: wavelengths that fit often into the original context stay, long ones are
   * stretched, those between are blended.
   *
   * @param low wavelengths above {@code original / low} are stretched in full
   * @param high wavelengths below {@code original / high} stay
   * @param original context length before stretching
   */
  static float[] llama3(
      float[] frequencies, double factor, double low, double high, double original) {
    float[] scaled = new float[frequencies.length];
    for (int i = 0; i < scaled.length; i++) {
      double turns = original * frequencies[i] / (2 * Math.PI);
      double kept = Math.clamp((turns - low) / (high - low), 0.0, 1.0);
      scaled[i] = (float) ((1 - kept) * frequencies[i] / factor + kept * frequencies[i]);
    }
    return scaled;
  }
}
