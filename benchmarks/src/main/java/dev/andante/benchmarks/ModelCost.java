package dev.andante.benchmarks;

import dev.andante.format.TensorInfo;
import dev.andante.format.WeightFile;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What one token costs at least, whatever the implementation: a multiplication and an addition are
 * two FLOP; weights are read once a step, in the format of the file.
 *
 * @param blockFlops products with the weights of all blocks, for one token
 * @param headFlops product with the output head, for one row of logits
 * @param attentionFlops scores and weighted sum of all layers, for one token and one position that
 *     it attends to
 * @param weightBytes weights that a decode step reads: all matrices but an embedding table that is
 *     not also the head
 * @param kvBytes of one position in a bf16 cache
 */
record ModelCost(
    double blockFlops,
    double headFlops,
    double attentionFlops,
    double weightBytes,
    double kvBytes) {

  private static final Set<String> EMBEDDINGS =
      Set.of("token_embd.weight", "model.embed_tokens.weight");

  static ModelCost of(WeightFile file, LanguageModel model) {
    ModelConfig config = model.config();
    double blocks = 0;
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks += attentionWeights(config) + feedForwardWeights(config, layer);
    }
    return new ModelCost(
        2 * blocks,
        2.0 * config.hiddenSize() * config.vocabularySize(),
        4.0 * config.layers() * config.heads() * config.headDim(),
        weightBytes(file, config),
        4.0 * config.layers() * config.kvHeads() * config.headDim());
  }

  Map<String, Object> describe() {
    Map<String, Object> cost = new LinkedHashMap<>();
    cost.put("block_flops", blockFlops);
    cost.put("head_flops", headFlops);
    cost.put("attention_flops", attentionFlops);
    cost.put("weight_bytes", weightBytes);
    cost.put("kv_bytes", kvBytes);
    return Map.of("cost", cost);
  }

  private static double attentionWeights(ModelConfig config) {
    double outputs = (2.0 * config.heads() + 2.0 * config.kvHeads()) * config.headDim();
    return outputs * config.hiddenSize();
  }

  private static double feedForwardWeights(ModelConfig config, int layer) {
    MoeConfig moe = config.moe();
    if (moe == null || !config.isMoe(layer)) {
      return 3.0 * config.hiddenSize() * config.feedForwardSize();
    }
    double experts = 3.0 * moe.expertsPerToken() * moe.expertFeedForwardSize();
    return config.hiddenSize() * (experts + moe.experts());
  }

  private static double weightBytes(WeightFile file, ModelConfig config) {
    MoeConfig moe = config.moe();
    double bytes = 0;
    for (TensorInfo tensor : file.tensors().values()) {
      if (EMBEDDINGS.contains(tensor.name()) && !config.tiedEmbeddings()) {
        continue;
      }
      boolean experts = tensor.shape().length > 2 && moe != null;
      bytes +=
          experts
              ? tensor.bytes() * (double) moe.expertsPerToken() / moe.experts()
              : tensor.bytes();
    }
    return bytes;
  }
}
