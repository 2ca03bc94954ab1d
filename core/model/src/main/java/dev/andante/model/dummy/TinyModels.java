package dev.andante.model.dummy;

import dev.andante.compute.Backend;
import dev.andante.compute.RopeParameters;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.RopeConfig;
import dev.andante.model.loading.ModelOptions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Models small enough to run thousands of steps per second: 2 layers, 256 tokens, context 512. */
public final class TinyModels {

  private static final int HEAD_DIM = 8;

  private TinyModels() {}

  /** A dense model: 4 query heads over 2 key/value heads. */
  public static LanguageModel llama(Backend backend, long seed) {
    return DummyModels.load(llamaConfig(), backend, seed, ModelOptions.defaults());
  }

  /** The same with 4 experts, 2 per token. */
  public static LanguageModel mixtral(Backend backend, long seed) {
    return mixtral(backend, seed, ModelOptions.defaults());
  }

  public static LanguageModel mixtral(Backend backend, long seed, ModelOptions options) {
    return DummyModels.load(mixtralConfig(), backend, seed, options);
  }

  public static ModelConfig llamaConfig() {
    return config("llama", null);
  }

  public static ModelConfig mixtralConfig() {
    return config("mixtral", new MoeConfig(4, 2, 24, true, Set.of()));
  }

  private static ModelConfig config(String architecture, @Nullable MoeConfig moe) {
    float[] frequencies = new float[HEAD_DIM / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) Math.pow(10_000, -2.0 * i / HEAD_DIM);
    }
    RopeConfig rope = new RopeConfig(RopeParameters.Style.HALVES, frequencies, 1);
    return new ModelConfig(
        architecture, 256, 512, 32, 2, 4, 2, HEAD_DIM, 48, 1e-5f, rope, false, moe);
  }
}
