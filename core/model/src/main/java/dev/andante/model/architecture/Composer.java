package dev.andante.model.architecture;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Weight;
import dev.andante.model.ExpertExecutor;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.UnsupportedModelException;
import dev.andante.model.layers.Attention;
import dev.andante.model.layers.Decoder;
import dev.andante.model.layers.ExpertRouter;
import dev.andante.model.layers.FeedForward;
import dev.andante.model.layers.Mlp;
import dev.andante.model.layers.MoeLayer;
import dev.andante.model.layers.QkNorm;
import dev.andante.model.layers.RmsNorm;
import dev.andante.model.layers.TransformerBlock;
import dev.andante.model.weights.Parameters;
import dev.andante.model.weights.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Makes layers of a model's weights, under the names that all architectures share. */
record Composer(ModelConfig config, Parameters parameters) {

  /** Embedding, the blocks in order, final norm and head. */
  Decoder decoder(IntFunction<TransformerBlock> block) {
    int vocabulary = config.vocabularySize();
    int hidden = config.hiddenSize();
    Weight embedding = parameters.matrix("token_embd.weight", vocabulary, hidden);
    List<TransformerBlock> blocks = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(block.apply(layer));
    }
    RmsNorm norm = norm("output_norm", hidden);
    if (config.tiedEmbeddings()) {
      parameters.skip("output.weight"); // some checkpoints store the same matrix twice
      return new Decoder(embedding, blocks, norm, embedding);
    }
    Weight head = parameters.matrix("output.weight", vocabulary, hidden);
    return new Decoder(embedding, blocks, norm, head);
  }

  TransformerBlock block(int layer, Attention attention, FeedForward feedForward) {
    RmsNorm attentionNorm = norm(name(layer, "attn_norm"), config.hiddenSize());
    RmsNorm feedForwardNorm = norm(name(layer, "ffn_norm"), config.hiddenSize());
    return new TransformerBlock(attentionNorm, attention, feedForwardNorm, feedForward);
  }

  Attention attention(int layer, QkNorm qkNorm) {
    return attention(layer, qkNorm, false);
  }

  /** Attention whose q, k and v have biases. */
  Attention biasedAttention(int layer) {
    return attention(layer, new QkNorm.None(), true);
  }

  /** RMS norm of each head. */
  QkNorm perHeadNorm(int layer) {
    return new QkNorm.PerHead(
        parameters.vector(name(layer, "attn_q_norm") + ".weight", config.headDim()),
        parameters.vector(name(layer, "attn_k_norm") + ".weight", config.headDim()),
        config.headDim(),
        config.normEpsilon());
  }

  /** RMS norm over all heads together. */
  QkNorm wholeWidthNorm(int layer) {
    return new QkNorm.WholeWidth(
        norm(name(layer, "attn_q_norm"), config.heads() * config.headDim()),
        norm(name(layer, "attn_k_norm"), config.kvHeads() * config.headDim()));
  }

  Mlp mlp(int layer) {
    int inner = config.feedForwardSize();
    Weight gateUp =
        parameters.fused(
            name(layer, "ffn_gate_up"),
            config.hiddenSize(),
            new Part(name(layer, "ffn_gate") + ".weight", inner),
            new Part(name(layer, "ffn_up") + ".weight", inner));
    return new Mlp(
        gateUp, parameters.matrix(name(layer, "ffn_down") + ".weight", config.hiddenSize(), inner));
  }

  /** Experts, or a plain MLP where the configuration has one in their place. */
  FeedForward moe(int layer, @Nullable ExpertExecutor experts) {
    MoeConfig moe = config.moe();
    if (moe == null || experts == null) {
      throw new UnsupportedModelException(
          config.architecture(), "a model without experts", "mixture-of-experts models");
    }
    if (!config.isMoe(layer)) {
      return mlp(layer);
    }
    Weight gate =
        parameters.matrix(
            name(layer, "ffn_gate_inp") + ".weight", moe.experts(), config.hiddenSize());
    return new MoeLayer(gate, new ExpertRouter(moe), experts);
  }

  private Attention attention(int layer, QkNorm qkNorm, boolean biased) {
    int queries = config.heads() * config.headDim();
    int keys = config.kvHeads() * config.headDim();
    Weight qkv =
        parameters.fused(
            name(layer, "attn_qkv"),
            config.hiddenSize(),
            part(layer, "attn_q", queries, biased),
            part(layer, "attn_k", keys, biased),
            part(layer, "attn_v", keys, biased));
    Weight output =
        parameters.matrix(name(layer, "attn_output") + ".weight", config.hiddenSize(), queries);
    float scale = (float) (1 / Math.sqrt(config.headDim()));
    AttentionParameters shape =
        new AttentionParameters(config.heads(), config.kvHeads(), config.headDim(), scale);
    return new Attention(shape, qkv, qkNorm, output);
  }

  private static Part part(int layer, String role, int outputs, boolean biased) {
    String name = name(layer, role);
    return new Part(name + ".weight", outputs, biased ? name + ".bias" : null);
  }

  private RmsNorm norm(String name, int width) {
    return new RmsNorm(parameters.vector(name + ".weight", width), config.normEpsilon());
  }

  private static String name(int layer, String role) {
    return "blk." + layer + "." + role;
  }
}
