package dev.andante.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints as published ones look, and the real model. */
class ZooTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-gqa",
        "llama-tied-bf16",
        "llama-rope-llama3",
        "qwen2-bias",
        "qwen3-qknorm",
        "mixtral-top2",
        "qwen3-moe-norm",
        "olmoe",
        "deepseek-v3-mla"
      })
  void aPublishedCheckpointOpens(String name) {
    Path model = Samples.golden("zoo/" + name);
    try (WeightFile file = WeightFiles.open(model)) {
      assertThat(file.tensors()).containsKey("model.embed_tokens.weight");
      TensorInfo embeddings = file.tensors().get("model.embed_tokens.weight");
      assertThat(embeddings.shape()[0]).isEqualTo(file.config().orElseThrow().get("vocab_size"));
      assertThat(embeddings.shape()[1]).isEqualTo(file.config().orElseThrow().get("hidden_size"));
      String dtype = String.valueOf(file.config().orElseThrow().get("torch_dtype"));
      assertThat(embeddings.type())
          .isEqualTo(
              dtype.toLowerCase(Locale.ROOT).equals("bfloat16")
                  ? TensorType.BF16
                  : embeddings.type());
      file.tensors()
          .forEach(
              (tensor, info) -> assertThat(file.data(tensor).byteSize()).isEqualTo(info.bytes()));
      assertThat(file.fingerprint()).hasSize(64);
    }
    try (WeightFile golden = WeightFiles.open(model.resolve("golden.safetensors"))) {
      assertThat(golden.tensors()).containsKey("logits.0");
    }
  }

  @Test
  void theRealModelOpens() throws IOException {
    Path path = Samples.realModel();
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.metadata().string("general.architecture")).contains("llama");
      assertThat(file.metadata().strings("tokenizer.ggml.tokens")).hasSize(49152);
      TensorInfo embeddings = file.tensors().get("token_embd.weight");
      assertThat(embeddings.shape()).containsExactly(49152, 576);
      assertThat(embeddings.type()).isEqualTo(TensorType.Q8_0);
      assertThat(file.fingerprint()).hasSize(64);
    }
  }
}
