package dev.andante.model.layers;

import dev.andante.compute.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a pass, {@code rows} rows each.
 *
 * @param hidden the residual stream {@code [rows, hidden]}
 * @param normed input of a sublayer {@code [rows, hidden]}
 * @param qkv fused projections {@code [rows, (heads + 2 kvHeads) * headDim]}
 * @param q view of qkv
 * @param k view of qkv
 * @param v view of qkv
 * @param attended output of attention {@code [rows, heads * headDim]}
 * @param gateUp fused projections of the dense MLP {@code [rows, 2 * feedForward]}
 * @param inner {@code [rows, feedForward]}
 * @param moe null for a dense model
 */
public record Activations(
    int rows,
    Tensor hidden,
    Tensor normed,
    Tensor qkv,
    Tensor q,
    Tensor k,
    Tensor v,
    Tensor attended,
    Tensor gateUp,
    Tensor inner,
    @Nullable Moe moe) {

  /**
   * @param scores router logits {@code [rows, experts]}
   * @param hostScores room for as many on the host
   * @param output weighted sum of the experts {@code [rows, hidden]}
   */
  public record Moe(Tensor scores, float[] hostScores, Tensor output) {}

  /**
   * @throws IllegalStateException if the workspace was made for a dense model
   */
  Moe requireMoe() {
    if (moe == null) {
      throw new IllegalStateException("this workspace was made for a model without experts");
    }
    return moe;
  }
}
