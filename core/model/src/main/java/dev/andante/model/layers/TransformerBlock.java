package dev.andante.model.layers;

/** Pre-norm residual block: attention, then feed-forward. */
public record TransformerBlock(
    RmsNorm attentionNorm, Attention attention, RmsNorm feedForwardNorm, FeedForward feedForward) {

  void forward(Pass pass, int layer) {
    attention.forward(pass, attentionNorm, layer);
    feedForward.forward(pass, feedForwardNorm, layer);
  }
}
