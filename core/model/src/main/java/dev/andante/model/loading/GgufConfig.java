package dev.andante.model.loading;

import dev.andante.compute.RopeParameters.Style;
import dev.andante.format.Metadata;
import dev.andante.format.TensorInfo;
import dev.andante.format.TensorType;
import dev.andante.format.WeightFile;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.RopeConfig;
import dev.andante.model.UnsupportedModelException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the configuration in a GGUF file's metadata. Keys are those of the GGUF specification,
 * prefixed with the architecture; the tensors say the rest.
 */
final class GgufConfig {

  private static final Set<String> ARCHITECTURES =
      Set.of("llama", "qwen2", "qwen3", "qwen3moe", "olmoe");
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final WeightFile file;
  private final Metadata metadata;
  private final String prefix;

  private GgufConfig(WeightFile file, String prefix) {
    this.file = file;
    this.metadata = file.metadata();
    this.prefix = prefix;
  }

  /**
   * @throws UnsupportedModelException if it is incomplete, contradictory, or asks for something
   *     that is not supported
   */
  static ModelConfig read(WeightFile file) {
    String name = file.metadata().requireString("general.architecture");
    if (!ARCHITECTURES.contains(name)) {
      throw new UnsupportedModelException(
          "model",
          "GGUF general.architecture = " + name,
          String.join(", ", ARCHITECTURES.stream().sorted().toList()));
    }
    return new GgufConfig(file, name).read();
  }

  private ModelConfig read() {
    refuseWhatIsNotSupported();
    MoeConfig moe = moe();
    int hidden = integer("embedding_length");
    int heads = uniform("attention.head_count", Optional.empty());
    int headDim = optional("attention.key_length", hidden / heads);
    if (optional("attention.value_length", headDim) != headDim) {
      throw unsupported(
          "attention.value_length = " + optional("attention.value_length", headDim),
          "keys and values of equal size, " + headDim);
    }
    // The llama architecture's q and k are permuted at conversion so that pairs are adjacent.
    Style style = prefix.equals("llama") ? Style.ADJACENT : Style.HALVES;
    return new ModelConfig(
        prefix.equals("llama") && moe != null ? "mixtral" : prefix,
        vocabulary(),
        integer("context_length"),
        hidden,
        integer("block_count"),
        heads,
        uniform("attention.head_count_kv", Optional.of(heads)),
        headDim,
        feedForward(moe),
        (float) real("attention.layer_norm_rms_epsilon", 1e-6),
        new RopeConfig(style, frequencies(headDim), 1),
        !file.tensors().containsKey("output.weight"),
        moe);
  }

  private void refuseWhatIsNotSupported() {
    int context = integer("context_length");
    int window = optional("attention.sliding_window", context);
    if (window < context) {
      throw unsupported("attention.sliding_window = " + window, "attention over the whole context");
    }
    for (String key :
        List.of(
            "expert_shared_count",
            "expert_shared_feed_forward_length",
            "leading_dense_block_count")) {
      if (metadata.integer(key(key), 0) != 0) {
        throw unsupported(key + " = " + metadata.integer(key(key), 0), "models without it");
      }
    }
    double scale = real("attention.scale", 0);
    if (scale != 0) {
      throw unsupported("attention.scale = " + scale, "1 / sqrt(head dimension)");
    }
  }

  private int vocabulary() {
    TensorInfo embedding = file.tensors().get("token_embd.weight");
    if (embedding == null || embedding.shape().length != 2) {
      throw new UnsupportedModelException(
          prefix + ": no matrix token_embd.weight in the file; fetch the model again");
    }
    return Math.toIntExact(embedding.shape()[0]);
  }

  /** Models that consist of experts alone may leave the width of the dense MLP out. */
  private int feedForward(@Nullable MoeConfig moe) {
    Optional<Integer> otherwise = Optional.ofNullable(moe).map(MoeConfig::expertFeedForwardSize);
    return uniform("feed_forward_length", otherwise);
  }

  private @Nullable MoeConfig moe() {
    int experts = (int) metadata.integer(key("expert_count"), 0);
    if (experts == 0) {
      return null;
    }
    boolean normalised = metadata.bool(key("expert_weights_norm"), !prefix.equals("olmoe"));
    int width =
        metadata.integer(key("expert_feed_forward_length")).isPresent()
            ? integer("expert_feed_forward_length")
            : uniform("feed_forward_length", Optional.empty());
    return new MoeConfig(
        experts, integer("expert_used_count"), width, normalised, layersWithoutRouter());
  }

  private Set<Integer> layersWithoutRouter() {
    Set<Integer> dense = new HashSet<>();
    for (int layer = 0; layer < integer("block_count"); layer++) {
      if (!file.tensors().containsKey("blk." + layer + ".ffn_gate_inp.weight")) {
        dense.add(layer);
      }
    }
    return dense;
  }

  private float[] frequencies(int headDim) {
    int rotary = optional("rope.dimension_count", headDim);
    double theta = real("rope.freq_base", 10_000);
    if (!(theta > 0) || rotary % 2 != 0 || rotary > headDim) {
      throw unsupported(
          "rotary embedding of " + rotary + " elements with base " + theta,
          "an even number of at most " + headDim + " elements and a positive base");
    }
    float[] plain = RopeFrequencies.of(theta, rotary);
    String scaling = metadata.string(key("rope.scaling.type")).orElse("none");
    double factor = real("rope.scaling.factor", real("rope.scale_linear", 1));
    if (!Set.of("none", "linear").contains(scaling) || !(factor > 0)) {
      throw unsupported(
          "rope.scaling.type = " + scaling + " with factor " + factor,
          "none, linear, and factors in rope_freqs.weight");
    }
    boolean stretched =
        scaling.equals("linear") || !metadata.keys().contains(key("rope.scaling.type"));
    float[] scaled = stretched ? RopeFrequencies.linear(plain, factor) : plain;
    TensorInfo factors = file.tensors().get("rope_freqs.weight");
    return factors == null
        ? scaled
        : RopeFrequencies.divided(scaled, floats(factors, scaled.length));
  }

  private float[] floats(TensorInfo tensor, int length) {
    if (tensor.type() != TensorType.F32 || tensor.elements() != length) {
      throw unsupported(tensor.toString(), "F32 [" + length + "]");
    }
    MemorySegment data = file.data(tensor.name());
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = data.get(FLOAT, 4L * i);
      if (!(values[i] > 0)) {
        throw unsupported(tensor.name() + "[" + i + "] = " + values[i], "positive factors");
      }
    }
    return values;
  }

  private int integer(String key) {
    return positive(key, metadata.requireInteger(key(key)));
  }

  private int optional(String key, int otherwise) {
    return positive(key, metadata.integer(key(key), otherwise));
  }

  /** A number that some models give for each layer; here all layers must agree. */
  private int uniform(String key, Optional<Integer> otherwise) {
    Object raw = metadata.raw(key(key)).orElse(null);
    if (raw instanceof long[] perLayer && perLayer.length > 0) {
      if (Arrays.stream(perLayer).anyMatch(value -> value != perLayer[0])) {
        throw unsupported(key + " that differs between layers", "the same in all layers");
      }
      return positive(key, perLayer[0]);
    }
    return otherwise.isPresent() ? optional(key, otherwise.get()) : integer(key);
  }

  private double real(String key, double otherwise) {
    return metadata.real(key(key), otherwise);
  }

  private String key(String name) {
    return prefix + "." + name;
  }

  private int positive(String key, long value) {
    if (value < 1 || value > Integer.MAX_VALUE) {
      throw unsupported(key + " = " + value, "a positive integer");
    }
    return (int) value;
  }

  private UnsupportedModelException unsupported(String found, String supported) {
    return new UnsupportedModelException(
        prefix + " (" + file.path().getFileName() + ")", found, supported);
  }
}
