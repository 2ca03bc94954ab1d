package dev.andante.model.layers;

/** The second half of a block. */
public sealed interface FeedForward permits Mlp, MoeLayer {

  /** Adds its output for the normed rows to the residual stream. */
  void forward(Pass pass, int layer);
}
