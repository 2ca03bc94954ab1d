package dev.andante.model;

import org.jspecify.annotations.Nullable;

/**
 * What an architecture needs to know of a checkpoint, read from GGUF metadata or config.json.
 *
 * @param architecture llama, qwen2, qwen3, mixtral, qwen3moe, olmoe
 * @param vocabularySize rows of the output head
 * @param contextLength tokens, prompt and answer together
 * @param hiddenSize width of the residual stream
 * @param layers transformer blocks
 * @param heads query heads
 * @param kvHeads key/value heads
 * @param headDim elements per head; not always hiddenSize / heads
 * @param feedForwardSize inner width of the dense MLP
 * @param normEpsilon of every RMS norm
 * @param rope rotary embedding
 * @param tiedEmbeddings the output head is the embedding table
 * @param moe null for a dense model
 */
public record ModelConfig(
    String architecture,
    int vocabularySize,
    int contextLength,
    int hiddenSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int feedForwardSize,
    float normEpsilon,
    RopeConfig rope,
    boolean tiedEmbeddings,
    @Nullable MoeConfig moe) {

  /**
   * @throws UnsupportedModelException if the numbers do not fit together
   */
  public ModelConfig {
    requirePositive(architecture, "vocabulary size", vocabularySize);
    requirePositive(architecture, "context length", contextLength);
    requirePositive(architecture, "hidden size", hiddenSize);
    requirePositive(architecture, "number of layers", layers);
    requirePositive(architecture, "number of attention heads", heads);
    requirePositive(architecture, "number of key/value heads", kvHeads);
    requirePositive(architecture, "head dimension", headDim);
    requirePositive(architecture, "feed-forward size", feedForwardSize);
    if (heads % kvHeads != 0) {
      throw new UnsupportedModelException(
          architecture,
          heads + " attention heads over " + kvHeads + " key/value heads",
          "a number of key/value heads that divides the attention heads");
    }
    if (2 * rope.inverseFrequencies().length > headDim) {
      throw new UnsupportedModelException(
          architecture,
          "rotary embedding of " + 2 * rope.inverseFrequencies().length + " elements",
          "at most the head dimension, " + headDim);
    }
    if (!(normEpsilon >= 0 && normEpsilon < 1)) {
      throw new UnsupportedModelException(
          architecture, "norm epsilon " + normEpsilon, "a small number that is not negative");
    }
  }

  /** Whether this layer's feed-forward part is a mixture of experts. */
  public boolean isMoe(int layer) {
    return moe != null && !moe.denseLayers().contains(layer);
  }

  /** The same model for at most {@code tokens} tokens; unchanged if that is no restriction. */
  public ModelConfig withContextLength(int tokens) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        Math.min(contextLength, tokens),
        hiddenSize,
        layers,
        heads,
        kvHeads,
        headDim,
        feedForwardSize,
        normEpsilon,
        rope,
        tiedEmbeddings,
        moe);
  }

  private static void requirePositive(String architecture, String what, int value) {
    if (value < 1) {
      throw new UnsupportedModelException(
          architecture, what + " " + value, "a positive number; convert or fetch the model again");
    }
  }
}
