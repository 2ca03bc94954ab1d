package dev.andante.model.weights;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a file names tensors. */
public sealed interface TensorNames {

  /** The file's name for a canonical one. */
  String inFile(String canonical);

  /** Whether a tensor holds nothing that a model needs, whatever the architecture. */
  boolean isIgnored(String inFile);

  /** GGUF's own names, which are the canonical ones. */
  record Gguf() implements TensorNames {

    @Override
    public String inFile(String canonical) {
      return canonical;
    }

    @Override
    public boolean isIgnored(String inFile) {
      return inFile.equals("rope_freqs.weight"); // read with the configuration
    }
  }

  /**
   * Names of published checkpoints (Hugging Face transformers).
   *
   * @param moe module that holds the router and the experts: {@code mlp}, for Mixtral {@code
   *     block_sparse_moe}
   * @param gate name of an expert's gate projection, for Mixtral {@code w1}
   * @param up likewise, {@code w3}
   * @param down likewise, {@code w2}
   */
  record HuggingFace(String moe, String gate, String up, String down) implements TensorNames {

    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d+)\\.(\\w+)\\.(weight|bias)");
    private static final Pattern EXPERT =
        Pattern.compile("blk\\.(\\d+)\\.ffn_(gate|up|down)\\.(\\d+)\\.weight");
    private static final Map<String, String> GLOBAL =
        Map.of(
            "token_embd.weight", "model.embed_tokens.weight",
            "output_norm.weight", "model.norm.weight",
            "output.weight", "lm_head.weight");
    private static final Map<String, String> MODULES =
        Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));

    /** For Llama, Qwen and OLMoE. */
    public static HuggingFace common() {
      return new HuggingFace("mlp", "gate_proj", "up_proj", "down_proj");
    }

    public static HuggingFace mixtral() {
      return new HuggingFace("block_sparse_moe", "w1", "w3", "w2");
    }

    @Override
    public String inFile(String canonical) {
      String global = GLOBAL.get(canonical);
      if (global != null) {
        return global;
      }
      Matcher expert = EXPERT.matcher(canonical);
      if (expert.matches()) {
        return "model.layers.%s.%s.experts.%s.%s.weight"
            .formatted(expert.group(1), moe, expert.group(3), projection(expert.group(2)));
      }
      Matcher block = BLOCK.matcher(canonical);
      if (!block.matches()) {
        return canonical;
      }
      String role = block.group(2);
      String module = role.equals("ffn_gate_inp") ? moe + ".gate" : MODULES.get(role);
      return module == null
          ? canonical
          : "model.layers." + block.group(1) + "." + module + "." + block.group(3);
    }

    @Override
    public boolean isIgnored(String inFile) {
      return inFile.endsWith(".rotary_emb.inv_freq"); // old checkpoints store what they compute
    }

    private String projection(String role) {
      return switch (role) {
        case "gate" -> gate;
        case "up" -> up;
        default -> down;
      };
    }
  }
}
