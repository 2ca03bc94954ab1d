package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.Weight;

/**
 * {@code down(silu(gate(x)) * up(x))}.
 *
 * @param gateUp fused projections, gate first
 */
public record Mlp(Weight gateUp, Weight down) implements FeedForward {

  @Override
  public void forward(Pass pass, RmsNorm norm, int layer) {
    Backend backend = pass.backend();
    Activations a = pass.activations();
    backend.rmsNormFeedForward(
        a.hidden(), norm.gain(), norm.epsilon(), a.normed(), gateUp, down, a.gateUp(), a.inner());
  }
}
