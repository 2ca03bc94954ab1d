package dev.andante.model;

import dev.andante.format.SafetensorsFile;
import dev.andante.format.TensorInfo;
import dev.andante.format.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes GGUF files of zoo models as llama.cpp's converter does: its names, experts stacked, and q
 * and k of the llama architecture permuted so that rotary pairs are adjacent.
 */
final class ZooGguf {

  private static final Pattern EXPERT =
      Pattern.compile("model\\.layers\\.(\\d+)\\..*experts\\.(\\d+)\\.(\\w+)\\.weight");
  private static final Pattern BLOCK =
      Pattern.compile("model\\.layers\\.(\\d+)\\.([a-z_.]+)\\.(weight|bias)");
  private static final Map<String, String> GLOBAL =
      Map.of(
          "model.embed_tokens.weight", "token_embd.weight",
          "model.norm.weight", "output_norm.weight",
          "lm_head.weight", "output.weight");
  private static final Map<String, String> MODULES =
      Map.ofEntries(
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("mlp.gate", "ffn_gate_inp"),
          Map.entry("block_sparse_moe.gate", "ffn_gate_inp"));
  private static final Map<String, String> PROJECTIONS =
      Map.of(
          "gate_proj",
          "gate",
          "up_proj",
          "up",
          "down_proj",
          "down",
          "w1",
          "gate",
          "w3",
          "up",
          "w2",
          "down");

  private final SafetensorsFile file;
  private final Map<String, Object> config;
  private final boolean stacked;
  private final GgufWriter writer = new GgufWriter();
  private final Map<String, SortedMap<Integer, TensorInfo>> experts = new TreeMap<>();

  private ZooGguf(SafetensorsFile file, boolean stacked) {
    this.file = file;
    this.config = file.config().orElseThrow();
    this.stacked = stacked;
  }

  /**
   * @param stacked experts in one tensor per layer, else as in the oldest files one by one
   */
  static Path convert(ZooModel zoo, Path target, boolean stacked) {
    return writer(zoo, stacked).write(target);
  }

  static GgufWriter writer(ZooModel zoo, boolean stacked) {
    try (SafetensorsFile file = SafetensorsFile.open(zoo.directory())) {
      return new ZooGguf(file, stacked).fill();
    }
  }

  private GgufWriter fill() {
    metadata();
    file.tensors().values().forEach(this::tensor);
    experts.forEach(this::stack);
    return writer;
  }

  private void metadata() {
    String type = String.valueOf(config.get("model_type"));
    String architecture =
        switch (type) {
          case "mixtral" -> "llama";
          case "qwen3_moe" -> "qwen3moe";
          default -> type;
        };
    writer.put("general.architecture", architecture);
    copy("max_position_embeddings", architecture + ".context_length");
    copy("hidden_size", architecture + ".embedding_length");
    copy("num_hidden_layers", architecture + ".block_count");
    copy("intermediate_size", architecture + ".feed_forward_length");
    copy("num_attention_heads", architecture + ".attention.head_count");
    copy("num_key_value_heads", architecture + ".attention.head_count_kv");
    copy("head_dim", architecture + ".attention.key_length");
    copy("head_dim", architecture + ".attention.value_length");
    copy("num_local_experts", architecture + ".expert_count");
    copy("num_experts", architecture + ".expert_count");
    copy("num_experts_per_tok", architecture + ".expert_used_count");
    copy("moe_intermediate_size", architecture + ".expert_feed_forward_length");
    writer.put(
        architecture + ".attention.layer_norm_rms_epsilon",
        ((Number) config.getOrDefault("rms_norm_eps", 0)).floatValue());
    writer.put(architecture + ".rope.freq_base", theta());
    if (config.get("rope_scaling") instanceof Map<?, ?> scaling) {
      writer.tensor("rope_freqs.weight", llama3Factors(scaling), headDim() / 2);
    }
  }

  private void copy(String from, String to) {
    if (config.get(from) instanceof Number number) {
      writer.put(to, number.intValue());
    }
  }

  private float theta() {
    Map<?, ?> parameters = config.get("rope_parameters") instanceof Map<?, ?> map ? map : config;
    return parameters.get("rope_theta") instanceof Number number ? number.floatValue() : 0;
  }

  /** As the converter computes them: 1, the factor, or a blend, by wavelength. */
  private float[] llama3Factors(Map<?, ?> scaling) {
    double factor = number(scaling, "factor");
    double low = number(scaling, "low_freq_factor");
    double high = number(scaling, "high_freq_factor");
    double original = number(scaling, "original_max_position_embeddings");
    float[] factors = new float[headDim() / 2];
    for (int i = 0; i < factors.length; i++) {
      double wavelength = 2 * Math.PI * Math.pow(theta(), 2.0 * i / headDim());
      double smooth = (original / wavelength - low) / (high - low);
      if (wavelength < original / high) {
        factors[i] = 1;
      } else if (wavelength > original / low) {
        factors[i] = (float) factor;
      } else {
        factors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
      }
    }
    return factors;
  }

  private static double number(Map<?, ?> map, String key) {
    return map.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  private int integer(String key) {
    return ((Number) config.getOrDefault(key, 0)).intValue();
  }

  private int headDim() {
    return config.get("head_dim") instanceof Number number
        ? number.intValue()
        : integer("hidden_size") / integer("num_attention_heads");
  }

  private void tensor(TensorInfo tensor) {
    Matcher expert = EXPERT.matcher(tensor.name());
    Matcher block = BLOCK.matcher(tensor.name());
    if (GLOBAL.containsKey(tensor.name())) {
      writer.tensor(GLOBAL.getOrDefault(tensor.name(), ""), values(tensor), tensor.shape());
    } else if (expert.matches()) {
      String role = "blk." + expert.group(1) + ".ffn_" + PROJECTIONS.get(expert.group(3));
      if (stacked) {
        experts
            .computeIfAbsent(role + "_exps.weight", _ -> new TreeMap<>())
            .put(Integer.valueOf(expert.group(2)), tensor);
      } else {
        writer.tensor(role + "." + expert.group(2) + ".weight", values(tensor), tensor.shape());
      }
    } else if (block.matches()) {
      String role = MODULES.get(block.group(2));
      boolean rotated = "attn_q".equals(role) || "attn_k".equals(role);
      boolean llama = !String.valueOf(config.get("model_type")).matches("qwen.*|olmoe");
      writer.tensor(
          "blk." + block.group(1) + "." + role + "." + block.group(3),
          rotated && llama ? permuted(tensor) : values(tensor),
          tensor.shape());
    } else {
      throw new IllegalArgumentException(tensor.name());
    }
  }

  private void stack(String name, SortedMap<Integer, TensorInfo> parts) {
    TensorInfo first = parts.values().iterator().next();
    int size = Math.toIntExact(first.elements());
    float[] all = new float[parts.size() * size];
    parts.forEach((index, part) -> System.arraycopy(values(part), 0, all, index * size, size));
    writer.tensor(name, all, parts.size(), first.shape()[0], first.shape()[1]);
  }

  /** Within each head, row {@code i} of the first half and of the second half become neighbours. */
  private float[] permuted(TensorInfo tensor) {
    float[] from = values(tensor);
    float[] to = new float[from.length];
    int columns = Math.toIntExact(tensor.shape()[1]);
    int half = headDim() / 2;
    for (int row = 0; row < from.length / columns; row++) {
      int head = row / (2 * half);
      int inHead = row % (2 * half);
      int source = head * 2 * half + (inHead % 2) * half + inHead / 2;
      System.arraycopy(from, source * columns, to, row * columns, columns);
    }
    return to;
  }

  private float[] values(TensorInfo tensor) {
    if (tensor.type() == TensorType.F32) {
      return ZooModel.floats(file, tensor.name());
    }
    MemorySegment data = file.data(tensor.name());
    ValueLayout.OfShort layout =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(data.get(layout, 2L * i) << 16); // bf16
    }
    return values;
  }
}
