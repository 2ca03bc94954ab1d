package dev.andante.model.loading;

import dev.andante.compute.RopeParameters;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.RopeConfig;
import dev.andante.model.UnsupportedModelException;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the {@code config.json} of a published checkpoint. */
final class HuggingFaceConfig {

  private static final Map<String, String> ARCHITECTURES =
      Map.of(
          "llama", "llama",
          "qwen2", "qwen2",
          "qwen3", "qwen3",
          "mixtral", "mixtral",
          "qwen3_moe", "qwen3moe",
          "olmoe", "olmoe");

  private final JsonConfig json;
  private final String architecture;
  private final int headDim;

  private HuggingFaceConfig(JsonConfig json, String architecture) {
    this.json = json;
    this.architecture = architecture;
    this.headDim =
        json.has("head_dim")
            ? json.integer("head_dim")
            : json.integer("hidden_size") / json.integer("num_attention_heads");
  }

  /**
   * @throws UnsupportedModelException if it is incomplete, contradictory, or asks for something
   *     that is not supported
   */
  static ModelConfig read(Map<String, Object> values) {
    JsonConfig json = new JsonConfig("model", values);
    String type = json.text("model_type", "(no model_type)");
    String architecture = ARCHITECTURES.get(type);
    if (architecture == null) {
      throw new UnsupportedModelException(
          "model",
          "config.json: model_type = " + type,
          String.join(", ", ARCHITECTURES.keySet().stream().sorted().toList()));
    }
    return new HuggingFaceConfig(new JsonConfig(architecture, values), architecture).read();
  }

  private ModelConfig read() {
    refuseWhatIsNotSupported();
    int heads = json.integer("num_attention_heads");
    return new ModelConfig(
        architecture,
        json.integer("vocab_size"),
        json.integer("max_position_embeddings"),
        json.integer("hidden_size"),
        json.integer("num_hidden_layers"),
        heads,
        json.integer("num_key_value_heads", heads),
        headDim,
        json.integer("intermediate_size"),
        (float) json.number("rms_norm_eps", 1e-6),
        new RopeConfig(RopeParameters.Style.HALVES, frequencies(), 1),
        json.flag("tie_word_embeddings", false),
        moe());
  }

  private void refuseWhatIsNotSupported() {
    json.requireNoneBut("hidden_act", "silu");
    json.requireNoneBut("attention_bias", false);
    json.requireNoneBut("mlp_bias", false);
    for (String key : new String[] {"clip_qkv", "quantization_config"}) {
      if (json.has(key)) {
        throw json.wrong(key, json.values().get(key), "checkpoints without it");
      }
    }
    for (Object type : json.list("layer_types")) {
      if (!Objects.equals(type, "full_attention")) {
        throw json.wrong("layer_types", type, "full_attention");
      }
    }
    // Qwen's files carry a window that use_sliding_window switches off.
    boolean windowed = json.flag("use_sliding_window", !architecture.startsWith("qwen"));
    if (windowed
        && json.has("sliding_window")
        && json.integer("sliding_window") < json.integer("max_position_embeddings")) {
      throw json.wrong(
          "sliding_window", json.integer("sliding_window"), "attention over the whole context");
    }
  }

  private float[] frequencies() {
    JsonConfig parameters = json.object("rope_parameters");
    JsonConfig scaling = parameters != null ? parameters : json.object("rope_scaling");
    double theta =
        parameters != null && parameters.has("rope_theta")
            ? parameters.number("rope_theta")
            : json.number("rope_theta", 10_000);
    double part =
        parameters != null && parameters.has("partial_rotary_factor")
            ? parameters.number("partial_rotary_factor")
            : json.number("partial_rotary_factor", 1);
    int rotary = (int) (headDim * part);
    if (!(theta > 0) || rotary < 2 || rotary % 2 != 0 || rotary > headDim) {
      throw new UnsupportedModelException(
          architecture,
          "rotary embedding of " + rotary + " elements with base " + theta,
          "an even number of at most " + headDim + " elements and a positive base");
    }
    float[] plain = RopeFrequencies.of(theta, rotary);
    return scaling == null ? plain : scaled(scaling, plain);
  }

  private float[] scaled(JsonConfig scaling, float[] plain) {
    String type = scaling.text("rope_type", scaling.text("type", "default"));
    return switch (type) {
      case "default" -> plain;
      case "linear" -> RopeFrequencies.linear(plain, positive(scaling, "factor"));
      case "llama3" ->
          RopeFrequencies.llama3(
              plain,
              positive(scaling, "factor"),
              positive(scaling, "low_freq_factor"),
              positive(scaling, "high_freq_factor"),
              positive(scaling, "original_max_position_embeddings"));
      default -> throw scaling.wrong("rope_type", type, "default, linear, llama3");
    };
  }

  private static double positive(JsonConfig json, String key) {
    double value = json.number(key);
    if (!(value > 0)) {
      throw json.wrong(key, value, "a positive number");
    }
    return value;
  }

  private @Nullable MoeConfig moe() {
    return switch (architecture) {
      case "mixtral" ->
          new MoeConfig(experts(), perToken(), json.integer("intermediate_size"), true, Set.of());
      case "olmoe" ->
          new MoeConfig(
              experts(),
              perToken(),
              json.integer("intermediate_size"),
              json.flag("norm_topk_prob", false),
              Set.of());
      case "qwen3moe" ->
          new MoeConfig(
              experts(),
              perToken(),
              json.integer("moe_intermediate_size"),
              json.flag("norm_topk_prob", false),
              denseLayers());
      default -> null;
    };
  }

  private int experts() {
    return json.has("num_experts")
        ? json.integer("num_experts")
        : json.integer("num_local_experts");
  }

  private int perToken() {
    return json.integer("num_experts_per_tok");
  }

  /** Layers named as such, and those that {@code decoder_sparse_step} leaves out. */
  private Set<Integer> denseLayers() {
    Set<Integer> dense = new HashSet<>();
    for (Object layer : json.list("mlp_only_layers")) {
      if (!(layer instanceof Long number)) {
        throw json.wrong("mlp_only_layers", layer, "a list of integers");
      }
      dense.add(Math.toIntExact(number));
    }
    int step = json.integer("decoder_sparse_step", 1);
    for (int layer = 0; layer < json.integer("num_hidden_layers"); layer++) {
      if ((layer + 1) % step != 0) {
        dense.add(layer);
      }
    }
    return dense;
  }
}
