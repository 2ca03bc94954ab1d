package dev.andante.model.layers;

/** Pre-norm residual block: attention, then feed-forward. */
public record TransformerBlock(
    RmsNorm attentionNorm, Attention attention, RmsNorm feedForwardNorm, FeedForward feedForward) {

  void forward(Pass pass, int layer) {
    Activations a = pass.activations();
    attentionNorm.forward(pass.backend(), a.hidden(), a.normed());
    attention.forward(pass, layer);
    feedForwardNorm.forward(pass.backend(), a.hidden(), a.normed());
    feedForward.forward(pass, layer);
  }
}
