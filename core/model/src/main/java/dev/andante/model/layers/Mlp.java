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
  public void forward(Pass pass, int layer) {
    Backend backend = pass.backend();
    Activations a = pass.activations();
    backend.feedForward(a.normed(), gateUp, down, a.gateUp(), a.inner(), a.hidden());
  }
}
