package dev.andante.model.architecture;

import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.layers.Decoder;
import dev.andante.model.weights.Parameters;
import org.jspecify.annotations.Nullable;

/** Qwen3-MoE: Qwen3 with experts in place of the MLP, in all or some layers. */
final class Qwen3Moe implements Architecture {

  @Override
  public String name() {
    return "qwen3moe";
  }

  @Override
  public Decoder build(
      ModelConfig config, Parameters parameters, @Nullable ExpertExecutor experts) {
    Composer model = new Composer(config, parameters);
    return model.decoder(
        layer ->
            model.block(
                layer,
                model.attention(layer, model.perHeadNorm(layer)),
                model.moe(layer, experts)));
  }
}
