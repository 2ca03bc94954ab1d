package dev.andante.model.architecture;

import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.layers.Decoder;
import dev.andante.model.weights.Parameters;
import org.jspecify.annotations.Nullable;

/** OLMoE: experts, and an RMS norm over the whole width of q and of k. */
final class Olmoe implements Architecture {

  @Override
  public String name() {
    return "olmoe";
  }

  @Override
  public Decoder build(
      ModelConfig config, Parameters parameters, @Nullable ExpertExecutor experts) {
    Composer model = new Composer(config, parameters);
    return model.decoder(
        layer ->
            model.block(
                layer,
                model.attention(layer, model.wholeWidthNorm(layer)),
                model.moe(layer, experts)));
  }
}
