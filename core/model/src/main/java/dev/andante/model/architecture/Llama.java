package dev.andante.model.architecture;

import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.layers.Decoder;
import dev.andante.model.layers.QkNorm;
import dev.andante.model.weights.Parameters;
import org.jspecify.annotations.Nullable;

/** Llama 2 and 3 and what is built like them: grouped queries, gated MLP. */
final class Llama implements Architecture {

  @Override
  public String name() {
    return "llama";
  }

  @Override
  public Decoder build(
      ModelConfig config, Parameters parameters, @Nullable ExpertExecutor experts) {
    Composer model = new Composer(config, parameters);
    return model.decoder(
        layer -> model.block(layer, model.attention(layer, new QkNorm.None()), model.mlp(layer)));
  }
}
