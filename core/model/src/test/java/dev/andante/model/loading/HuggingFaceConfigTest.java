package dev.andante.model.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.andante.compute.RopeParameters.Style;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.UnsupportedModelException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceConfigTest {

  private static Map<String, Object> llama() {
    return new HashMap<>(
        Map.ofEntries(
            Map.entry("model_type", "llama"),
            Map.entry("vocab_size", 100L),
            Map.entry("max_position_embeddings", 64L),
            Map.entry("hidden_size", 32L),
            Map.entry("intermediate_size", 48L),
            Map.entry("num_hidden_layers", 6L),
            Map.entry("num_attention_heads", 4L),
            Map.entry("num_key_value_heads", 2L),
            Map.entry("rms_norm_eps", 1e-5),
            Map.entry("hidden_act", "silu")));
  }

  private static Map<String, Object> qwen3Moe() {
    Map<String, Object> config = llama();
    config.put("model_type", "qwen3_moe");
    config.put("num_experts", 8L);
    config.put("num_experts_per_tok", 2L);
    config.put("moe_intermediate_size", 16L);
    return config;
  }

  private static void refused(Map<String, Object> config, String... parts) {
    assertThatExceptionOfType(UnsupportedModelException.class)
        .isThrownBy(() -> HuggingFaceConfig.read(config))
        .withMessageContainingAll(parts);
  }

  private static MoeConfig moe(Map<String, Object> config) {
    return Objects.requireNonNull(HuggingFaceConfig.read(config).moe());
  }

  @Test
  void readsNumbersAndDefaults() {
    ModelConfig config = HuggingFaceConfig.read(llama());

    assertThat(config.architecture()).isEqualTo("llama");
    assertThat(config.vocabularySize()).isEqualTo(100);
    assertThat(config.contextLength()).isEqualTo(64);
    assertThat(config.headDim()).isEqualTo(8);
    assertThat(config.kvHeads()).isEqualTo(2);
    assertThat(config.normEpsilon()).isEqualTo(1e-5f);
    assertThat(config.tiedEmbeddings()).isFalse();
    assertThat(config.moe()).isNull();
    assertThat(config.rope().style()).isEqualTo(Style.HALVES);
    assertThat(config.rope().inverseFrequencies()).isEqualTo(RopeFrequencies.of(10_000, 8));
  }

  @Test
  void nullMeansAbsent() {
    Map<String, Object> config = llama();
    config.put("head_dim", null);
    config.put("rope_scaling", null);
    config.put("num_key_value_heads", null);

    assertThat(HuggingFaceConfig.read(config).kvHeads()).isEqualTo(4);
  }

  @Test
  void readsLinearScalingInBothSpellings() {
    Map<String, Object> old = llama();
    old.put("rope_scaling", Map.of("type", "linear", "factor", 2.0));
    Map<String, Object> recent = llama();
    recent.put(
        "rope_parameters", Map.of("rope_type", "linear", "factor", 2L, "rope_theta", 10_000.0));

    float[] expected = RopeFrequencies.linear(RopeFrequencies.of(10_000, 8), 2);

    assertThat(HuggingFaceConfig.read(old).rope().inverseFrequencies()).isEqualTo(expected);
    assertThat(HuggingFaceConfig.read(recent).rope().inverseFrequencies()).isEqualTo(expected);
  }

  @Test
  void rotatesAPartOfEachHead() {
    Map<String, Object> config = llama();
    config.put("partial_rotary_factor", 0.5);

    assertThat(HuggingFaceConfig.read(config).rope().inverseFrequencies())
        .isEqualTo(RopeFrequencies.of(10_000, 4));
  }

  @Test
  void readsWhichLayersAreDense() {
    Map<String, Object> config = qwen3Moe();
    config.put("mlp_only_layers", List.of(1L));
    config.put("decoder_sparse_step", 2L);

    assertThat(moe(config).denseLayers()).containsExactlyInAnyOrder(0, 1, 2, 4);
    assertThat(HuggingFaceConfig.read(config).isMoe(3)).isTrue();
    assertThat(HuggingFaceConfig.read(config).isMoe(1)).isFalse();
  }

  @Test
  void renormalisesOnlyWhereTheCheckpointSaysSo() {
    Map<String, Object> config = qwen3Moe();
    assertThat(moe(config).renormalise()).isFalse();
    config.put("norm_topk_prob", true);
    assertThat(moe(config).renormalise()).isTrue();
    config.put("model_type", "mixtral");
    config.put("norm_topk_prob", null);
    assertThat(moe(config).renormalise()).isTrue();
    assertThat(moe(config).expertFeedForwardSize()).isEqualTo(48);
  }

  @Test
  void windowThatIsSwitchedOffOrWideIsNoObstacle() {
    Map<String, Object> qwen = llama();
    qwen.put("model_type", "qwen2");
    qwen.put("sliding_window", 16L);
    qwen.put("use_sliding_window", false);
    Map<String, Object> wide = llama();
    wide.put("sliding_window", 64L);

    assertThat(HuggingFaceConfig.read(qwen).architecture()).isEqualTo("qwen2");
    assertThat(HuggingFaceConfig.read(wide).architecture()).isEqualTo("llama");
  }

  @Test
  void refusesUnknownArchitecturesNamingWhatIsSupported() {
    Map<String, Object> config = llama();
    config.put("model_type", "deepseek_v3");
    refused(config, "deepseek_v3", "llama, mixtral, olmoe, qwen2, qwen3, qwen3_moe");
    config.remove("model_type");
    refused(config, "no model_type");
  }

  @Test
  void refusesWhatItCannotCompute() {
    refused(with("hidden_act", "gelu"), "llama", "hidden_act = gelu", "silu");
    refused(with("attention_bias", true), "attention_bias = true", "false");
    refused(with("mlp_bias", true), "mlp_bias");
    refused(with("clip_qkv", 8.0), "clip_qkv");
    refused(with("quantization_config", Map.of("quant_method", "gptq")), "quantization_config");
    refused(with("sliding_window", 16L), "sliding_window = 16");
    refused(with("layer_types", List.of("full_attention", "sliding_attention")), "layer_types");
    refused(with("rope_scaling", Map.of("rope_type", "yarn", "factor", 4.0)), "yarn", "llama3");
    refused(with("rope_scaling", Map.of("rope_type", "linear", "factor", 0.0)), "factor");
    refused(with("rope_scaling", Map.of("rope_type", "llama3", "factor", 8.0)), "low_freq_factor");
  }

  @Test
  void refusesNumbersThatDoNotFitTogether() {
    refused(with("num_key_value_heads", 3L), "3 key/value heads");
    refused(with("head_dim", 7L), "rotary");
    refused(with("partial_rotary_factor", 2.0), "rotary");
    refused(with("rms_norm_eps", -1.0), "norm epsilon");
    refused(with("rope_theta", -1.0), "base -1.0");
    Map<String, Object> moe = qwen3Moe();
    moe.put("num_experts_per_tok", 9L);
    refused(moe, "9 of 8 experts");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vocab_size",
        "max_position_embeddings",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads"
      })
  void refusesMissingAndMalformedNumbers(String key) {
    Map<String, Object> config = llama();
    config.remove(key);
    refused(config, "config.json has no " + key);
    for (Object bad : List.of(0L, -1L, 1L << 40, 1.5, "12", List.of())) {
      config.put(key, bad);
      refused(config, key + " = " + bad, "a positive integer");
    }
  }

  @Test
  void refusesValuesOfTheWrongKind() {
    refused(with("tie_word_embeddings", "yes"), "tie_word_embeddings = yes", "true or false");
    refused(with("rms_norm_eps", "small"), "a number");
    refused(with("rope_scaling", "linear"), "an object");
    refused(with("layer_types", "full"), "a list");
    Map<String, Object> moe = qwen3Moe();
    moe.put("mlp_only_layers", List.of("one"));
    refused(moe, "mlp_only_layers");
  }

  private static Map<String, Object> with(String key, Object value) {
    Map<String, Object> config = llama();
    config.put(key, value);
    return config;
  }
}
