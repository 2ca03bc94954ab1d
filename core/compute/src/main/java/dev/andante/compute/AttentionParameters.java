package dev.andante.compute;

/**
 * Shape of one attention layer.
 *
 * @param heads query heads
 * @param kvHeads key/value heads; divides {@code heads}: query head h reads KV head {@code h /
 *     (heads / kvHeads)}
 * @param headDim elements per head
 * @param scale factor on the scores, usually {@code 1 / sqrt(headDim)}
 */
public record AttentionParameters(int heads, int kvHeads, int headDim, float scale) {

  public AttentionParameters {
    if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0 || headDim < 1) {
      throw new IllegalArgumentException(
          "attention of " + heads + " heads over " + kvHeads + " KV heads of " + headDim);
    }
  }
}
