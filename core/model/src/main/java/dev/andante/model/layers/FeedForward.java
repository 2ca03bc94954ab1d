package dev.andante.model.layers;

/** The second half of a block. */
public sealed interface FeedForward permits Mlp, MoeLayer {

  /** Adds its output for the normed residual stream to it. */
  void forward(Pass pass, RmsNorm norm, int layer);
}
