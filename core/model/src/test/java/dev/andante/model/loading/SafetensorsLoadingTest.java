package dev.andante.model.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.andante.compute.Backend;
import dev.andante.format.WeightFile;
import dev.andante.format.WeightFiles;
import dev.andante.model.LanguageModel;
import dev.andante.model.TestBackends;
import dev.andante.model.UnsupportedModelException;
import dev.andante.model.ZooModel;
import dev.andante.model.experts.ExpertShardModel;
import dev.andante.testkit.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsLoadingTest {

  private final Backend backend = TestBackends.reference();
  @TempDir private Path directory;

  @AfterEach
  void close() {
    backend.close();
  }

  /** A copy of a zoo model whose configuration has one passage replaced. */
  private Path edited(String name, String from, String to) throws IOException {
    Path original = ZooModel.require(name).directory();
    String config = Files.readString(original.resolve("config.json"));
    assertThat(config).contains(from);
    Files.writeString(directory.resolve("config.json"), config.replace(from, to));
    return Files.copy(original.resolve("model.safetensors"), directory.resolve("model.safetensors"))
        .getParent();
  }

  private void refused(Path path, String... parts) {
    try (WeightFile file = WeightFiles.open(path)) {
      assertThatExceptionOfType(UnsupportedModelException.class)
          .isThrownBy(() -> Models.load(file, backend))
          .withMessageContainingAll(parts);
    }
  }

  @Test
  void namesTensorsAsTheFileDoes() throws IOException {
    refused(
        edited("llama-gqa", "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"),
        "9 missing",
        "model.layers.3.self_attn.q_proj.weight",
        "model.layers.3.input_layernorm.weight");
  }

  @Test
  void weightsBeyondTheConfigurationAreUnexpected() throws IOException {
    refused(
        edited("mixtral-top2", "\"num_local_experts\": 6", "\"num_local_experts\": 5"),
        "not part of this architecture",
        "model.layers.0.block_sparse_moe.experts.5.w1.weight",
        "of another shape",
        "model.layers.0.block_sparse_moe.gate.weight [6, 48] instead of [5, 48]");
  }

  @Test
  void oneArchitectureIsNotAnother() throws IOException {
    refused(
        edited("qwen2-bias", "\"model_type\": \"qwen2\"", "\"model_type\": \"llama\""),
        "9 not part of this architecture",
        "model.layers.0.self_attn.k_proj.bias");
  }

  @Test
  void tiedModelsMayStoreTheHeadAgain() throws IOException {
    Path path =
        edited("llama-gqa", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");

    try (LanguageModel model = Models.load(WeightFiles.open(path), backend)) {
      assertThat(model.config().tiedEmbeddings()).isTrue();
    }
  }

  @Test
  void unsupportedArchitectureInTheZooIsRefusedByName() {
    Path path = TestModels.requireGolden().resolve("zoo").resolve("deepseek-v3-mla");

    refused(path, "model_type = deepseek_v3", "supported: llama");
  }

  @Test
  void weightsWithoutConfigurationAreRefused() throws IOException {
    Path weights = ZooModel.require("llama-gqa").directory().resolve("model.safetensors");

    refused(Files.copy(weights, directory.resolve("alone.safetensors")), "no config.json", "alone");
  }

  @Test
  void shardsHoldTheExpertsOfTheFile() {
    Path path = ZooModel.require("qwen3-moe-norm").directory();
    try (LanguageModel model = Models.load(WeightFiles.open(path), backend);
        ExpertShardModel shard = Models.loadShard(WeightFiles.open(path), backend, Set.of(0, 7))) {
      assertThat(shard.fingerprint()).isEqualTo(model.fingerprint());
      assertThat(shard.compute(0, new int[] {0, 7}, new int[] {1, 1}, new float[128])).hasSize(128);
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(() -> shard.compute(1, new int[] {0}, new int[] {1}, new float[64]))
          .withMessageContaining("layer 1"); // a dense layer
    }
  }
}
