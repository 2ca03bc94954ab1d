package dev.andante.model.layers;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Weight;

/** Causal attention with rotary positions over the paged cache. */
public final class Attention {

  private final AttentionParameters parameters;
  private final Weight qkv;
  private final QkNorm qkNorm;
  private final Weight output;

  /**
   * @param qkv fused projections, outputs q then k then v
   */
  public Attention(AttentionParameters parameters, Weight qkv, QkNorm qkNorm, Weight output) {
    this.parameters = parameters;
    this.qkv = qkv;
    this.qkNorm = qkNorm;
    this.output = output;
  }

  /** Adds the attention of the normed residual stream to it. */
  void forward(Pass pass, RmsNorm norm, int layer) {
    Backend backend = pass.backend();
    Activations a = pass.activations();
    backend.rmsNormMatmul(a.hidden(), norm.gain(), norm.epsilon(), a.normed(), qkv, a.qkv());
    qkNorm.forward(backend, a.q(), a.k());
    backend.ropeAndWriteKv(
        a.q(), a.k(), a.v(), parameters.headDim(), pass.rope(), pass.cache(), layer, pass.batch());
    backend.attention(a.q(), pass.cache(), layer, parameters, pass.batch(), a.attended());
    backend.matmulAdd(a.attended(), output, a.hidden());
  }
}
