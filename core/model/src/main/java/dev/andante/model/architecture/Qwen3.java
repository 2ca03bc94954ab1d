package dev.andante.model.architecture;

import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.layers.Decoder;
import dev.andante.model.weights.Parameters;
import org.jspecify.annotations.Nullable;

/** Qwen3: Llama with an RMS norm of each head's q and k. */
final class Qwen3 implements Architecture {

  @Override
  public String name() {
    return "qwen3";
  }

  @Override
  public Decoder build(
      ModelConfig config, Parameters parameters, @Nullable ExpertExecutor experts) {
    Composer model = new Composer(config, parameters);
    return model.decoder(
        layer ->
            model.block(layer, model.attention(layer, model.perHeadNorm(layer)), model.mlp(layer)));
  }
}
