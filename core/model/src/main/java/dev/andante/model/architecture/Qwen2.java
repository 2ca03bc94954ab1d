package dev.andante.model.architecture;

import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.layers.Decoder;
import dev.andante.model.weights.Parameters;
import org.jspecify.annotations.Nullable;

/** Qwen2 and Qwen2.5: Llama with biases on q, k and v. */
final class Qwen2 implements Architecture {

  @Override
  public String name() {
    return "qwen2";
  }

  @Override
  public Decoder build(
      ModelConfig config, Parameters parameters, @Nullable ExpertExecutor experts) {
    Composer model = new Composer(config, parameters);
    return model.decoder(
        layer -> model.block(layer, model.biasedAttention(layer), model.mlp(layer)));
  }
}
