package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.ComputePool;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ComputeProperties.PrecisionChoice;
import dev.andante.host.config.ModelProperties;
import dev.andante.tokenizer.SpecialTokens;
import dev.andante.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelHostTest {

  @TempDir Path folder;

  @Test
  void loadsInTheBackgroundAndCloses() {
    try (ComputePool pool = new ComputePool(1)) {
      ModelHost host = host("dummy:llama-tiny", "reference", pool, _ -> {});
      assertThat(host.modelName()).isEqualTo("llama-tiny");
      host.start();
      LoadedModel model = host.loaded().orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(model.model().config().vocabularySize()).isEqualTo(256);
      host.stop();
      host.stop();
      assertThat(host.isRunning()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing.gguf", "garbage.gguf", "dummy:none"})
  void aModelThatCannotBeLoadedEndsTheProcess(String path) throws IOException {
    Files.writeString(folder.resolve("garbage.gguf"), "not a model");
    String full = path.startsWith("dummy:") ? path : folder.resolve(path).toString();
    assertThat(exitStatusOf(full, "reference")).isEqualTo(ProcessExit.CANNOT_START);
  }

  @Test
  void aBackendThatIsMissingEndsTheProcess() {
    assertThat(exitStatusOf("dummy:llama-tiny", "abacus")).isEqualTo(ProcessExit.CANNOT_START);
  }

  @ParameterizedTest
  @CsvSource({
    "/models/Some-Model.Q4_1.gguf,'',Some-Model.Q4_1",
    "m.safetensors,'',m",
    "/models/folder,'',folder",
    "/models/a.gguf,mine,mine",
    "dummy:llama-tiny,'',llama-tiny"
  })
  void names(String path, String name, String expected) {
    assertThat(ModelSource.nameOf(new ModelProperties(path, name, 0))).isEqualTo(expected);
  }

  @Test
  void dummyModelsSpeakBytes() {
    try (LoadedModel model = DummyLoader.load("dummy:mixtral-tiny")) {
      Tokenizer tokenizer = model.tokenizer().orElseThrow();
      int[] ids = tokenizer.encode("Hi \"\\ €", SpecialTokens.PLAIN);
      assertThat(ids).containsExactly('H', 'i', ' ', '"', '\\', ' ', 0xE2, 0x82, 0xAC);
      assertThat(tokenizer.decode(ids, true)).isEqualTo("Hi \"\\ €");
      assertThat(tokenizer.vocabularySize()).isEqualTo(256);
    }
  }

  private static int exitStatusOf(String path, String backend) {
    CompletableFuture<Integer> exited = new CompletableFuture<>();
    try (ComputePool pool = new ComputePool(1)) {
      ModelHost host = host(path, backend, pool, exited::complete);
      host.start();
      int status = exited.orTimeout(60, TimeUnit.SECONDS).join();
      assertThat(host.loaded()).isCompletedExceptionally();
      host.stop();
      return status;
    }
  }

  private static ModelHost host(String path, String backend, ComputePool pool, ProcessExit exit) {
    return new ModelHost(
        new ModelProperties(path, "", 0),
        new ComputeProperties(backend, PrecisionChoice.AUTO, 1, ""),
        pool,
        Optional::empty,
        exit);
  }
}
