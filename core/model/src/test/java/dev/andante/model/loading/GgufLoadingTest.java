package dev.andante.model.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.andante.compute.Backend;
import dev.andante.compute.RopeParameters.Style;
import dev.andante.format.ModelFormatException;
import dev.andante.format.WeightFile;
import dev.andante.format.WeightFiles;
import dev.andante.model.GgufWriter;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.MoeConfig;
import dev.andante.model.Sequence;
import dev.andante.model.TestBackends;
import dev.andante.model.UnsupportedModelException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufLoadingTest {

  private final Backend backend = TestBackends.reference();
  @TempDir private Path directory;

  @AfterEach
  void close() {
    backend.close();
  }

  /** One layer, two heads of four, vocabulary of five, tied. */
  private static GgufWriter tiny() {
    return new GgufWriter()
        .put("general.architecture", "llama")
        .put("llama.context_length", 16)
        .put("llama.embedding_length", 8)
        .put("llama.block_count", 1)
        .put("llama.feed_forward_length", 6)
        .put("llama.attention.head_count", 2)
        .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .tensor("token_embd.weight", ramp(40), 5, 8)
        .tensor("output_norm.weight", ramp(8), 8)
        .tensor("blk.0.attn_norm.weight", ramp(8), 8)
        .tensor("blk.0.attn_q.weight", ramp(64), 8, 8)
        .tensor("blk.0.attn_k.weight", ramp(64), 8, 8)
        .tensor("blk.0.attn_v.weight", ramp(64), 8, 8)
        .tensor("blk.0.attn_output.weight", ramp(64), 8, 8)
        .tensor("blk.0.ffn_norm.weight", ramp(8), 8)
        .tensor("blk.0.ffn_gate.weight", ramp(48), 6, 8)
        .tensor("blk.0.ffn_up.weight", ramp(48), 6, 8)
        .tensor("blk.0.ffn_down.weight", ramp(48), 8, 6);
  }

  private static GgufWriter tinyMixtral() {
    return tiny()
        .put("llama.expert_count", 2)
        .put("llama.expert_used_count", 1)
        .remove("blk.0.ffn_gate.weight")
        .remove("blk.0.ffn_up.weight")
        .remove("blk.0.ffn_down.weight")
        .tensor("blk.0.ffn_gate_inp.weight", ramp(16), 2, 8)
        .tensor("blk.0.ffn_gate_exps.weight", ramp(96), 2, 6, 8)
        .tensor("blk.0.ffn_up_exps.weight", ramp(96), 2, 6, 8)
        .tensor("blk.0.ffn_down_exps.weight", ramp(96), 2, 8, 6);
  }

  private static float[] ramp(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (i * 37 % 19 - 9) / 10f;
    }
    return values;
  }

  private ModelConfig config(GgufWriter writer) {
    try (WeightFile file = WeightFiles.open(writer.write(directory.resolve("tiny.gguf")))) {
      return Models.config(file);
    }
  }

  private LanguageModel load(GgufWriter writer) {
    return Models.load(WeightFiles.open(writer.write(directory.resolve("tiny.gguf"))), backend);
  }

  private void refused(GgufWriter writer, String... parts) {
    try (WeightFile file = WeightFiles.open(writer.write(directory.resolve("tiny.gguf")))) {
      assertThatExceptionOfType(UnsupportedModelException.class)
          .isThrownBy(() -> Models.load(file, backend))
          .withMessageContainingAll(parts);
      // the file is still ours and open
      assertThat(file.data("token_embd.weight").byteSize()).isEqualTo(160);
    }
  }

  @Test
  void readsConfigurationAndDefaults() {
    ModelConfig config = config(tiny());

    assertThat(config.architecture()).isEqualTo("llama");
    assertThat(config.vocabularySize()).isEqualTo(5);
    assertThat(config.kvHeads()).isEqualTo(2);
    assertThat(config.headDim()).isEqualTo(4);
    assertThat(config.tiedEmbeddings()).isTrue();
    assertThat(config.rope().style()).isEqualTo(Style.ADJACENT);
    assertThat(config.rope().inverseFrequencies()).isEqualTo(RopeFrequencies.of(10_000, 4));
  }

  @Test
  void readsLinearScalingInBothSpellings() {
    float[] expected = RopeFrequencies.linear(RopeFrequencies.of(10_000, 4), 4);

    assertThat(
            config(
                    tiny()
                        .put("llama.rope.scaling.type", "linear")
                        .put("llama.rope.scaling.factor", 4f))
                .rope()
                .inverseFrequencies())
        .isEqualTo(expected);
    assertThat(config(tiny().put("llama.rope.scale_linear", 4f)).rope().inverseFrequencies())
        .isEqualTo(expected);
    assertThat(config(tiny().put("llama.rope.scaling.type", "none")).rope().inverseFrequencies())
        .isEqualTo(RopeFrequencies.of(10_000, 4));
  }

  @Test
  void llamaWithExpertsIsMixtral() {
    ModelConfig config = config(tinyMixtral());

    assertThat(config.architecture()).isEqualTo("mixtral");
    MoeConfig moe = Objects.requireNonNull(config.moe());
    assertThat(moe.experts()).isEqualTo(2);
    assertThat(moe.expertFeedForwardSize()).isEqualTo(6);
    assertThat(moe.renormalise()).isTrue();
    assertThat(moe.denseLayers()).isEmpty();
    try (LanguageModel model = load(tinyMixtral())) {
      assertThat(last(model)).doesNotContain(Float.NaN);
    }
  }

  @Test
  void fingerprintFollowsWeightsAndConfiguration() {
    String plain = fingerprint(tiny());

    assertThat(fingerprint(tiny())).isEqualTo(plain);
    assertThat(fingerprint(tiny().put("llama.rope.freq_base", 500f))).isNotEqualTo(plain);
    assertThat(fingerprint(tiny().tensor("blk.0.attn_v.weight", new float[64], 8, 8)))
        .isNotEqualTo(plain);
  }

  @Test
  void listsMissingUnexpectedAndMisshapenWeights() {
    refused(
        tiny()
            .remove("blk.0.attn_k.weight")
            .remove("output_norm.weight")
            .tensor("blk.0.attn_v.weight", ramp(32), 4, 8)
            .tensor("blk.0.attn_q.bias", ramp(8), 8)
            .tensor("mystery", ramp(8), 8),
        "llama (tiny.gguf)",
        "2 missing: blk.0.attn_k.weight, output_norm.weight",
        "1 of another shape: blk.0.attn_v.weight [4, 8] instead of [8, 8]",
        "2 not part of this architecture: ",
        "mystery",
        "blk.0.attn_q.bias");
  }

  @Test
  void listsNoMoreNamesThanAPersonReads() {
    GgufWriter writer = tiny();
    for (int i = 0; i < 100; i++) {
      writer.tensor("extra." + i, ramp(1), 1);
    }
    refused(writer, "100 not part of this architecture", "extra.0", "and 88 more");
  }

  @Test
  void refusesTooFewStackedExperts() {
    refused(
        tinyMixtral().tensor("blk.0.ffn_up_exps.weight", ramp(48), 1, 6, 8),
        "missing",
        "blk.0.ffn_up.1.weight");
  }

  @Test
  void refusesUnknownArchitectures() {
    refused(
        tiny().put("general.architecture", "gemma3"),
        "general.architecture = gemma3",
        "llama, olmoe, qwen2, qwen3, qwen3moe");
  }

  @Test
  void refusesWhatItCannotCompute() {
    refused(tiny().put("llama.attention.sliding_window", 8), "sliding_window = 8");
    refused(tiny().put("llama.attention.value_length", 8), "value_length = 8");
    refused(tiny().put("llama.rope.scaling.type", "yarn"), "yarn", "none, linear");
    refused(tiny().put("llama.expert_shared_count", 1), "expert_shared_count = 1");
    refused(tiny().put("llama.attention.scale", 0.5f), "attention.scale = 0.5");
    refused(tiny().tensor("rope_freqs.weight", ramp(3), 3), "rope_freqs.weight");
    refused(tiny().tensor("rope_freqs.weight", new float[2], 2), "rope_freqs.weight[0] = 0.0");
  }

  @Test
  void refusesNumbersThatDoNotFitTogether() {
    refused(tiny().put("llama.attention.head_count", 0), "head_count = 0");
    refused(tiny().put("llama.attention.head_count_kv", 3), "3 key/value heads");
    refused(tiny().put("llama.block_count", 0), "block_count = 0");
    refused(tiny().put("llama.rope.dimension_count", 6), "rotary embedding of 6");
    refused(tiny().put("llama.rope.freq_base", 0f), "base 0.0");
    refused(tinyMixtral().put("llama.expert_used_count", 3), "3 of 2 experts");
  }

  @Test
  void namesAMissingKey() {
    try (WeightFile file =
        WeightFiles.open(
            tiny().remove("llama.block_count").write(directory.resolve("tiny.gguf")))) {
      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> Models.load(file, backend))
          .withMessageContaining("llama.block_count");
    }
  }

  @Test
  void modelClosesItsFile() {
    WeightFile file = WeightFiles.open(tiny().write(directory.resolve("tiny.gguf")));
    LanguageModel model = Models.load(file, backend);

    model.close();

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> file.data("token_embd.weight").toArray(ValueLayout.JAVA_BYTE));
  }

  private String fingerprint(GgufWriter writer) {
    try (LanguageModel model = load(writer)) {
      return model.fingerprint();
    }
  }

  private float[] last(LanguageModel model) {
    try (Sequence sequence = new Sequence(model, backend, 4, 4)) {
      return sequence.appendForLast(1, 2, 3, 4);
    }
  }
}
