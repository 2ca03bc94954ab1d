package dev.andante.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.format.WeightFiles;
import dev.andante.model.loading.Models;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every architecture from both file formats on every backend of the CPU. */
class GoldenZooTest {

  private static final float TOLERANCE = 1e-3f;
  private static final float BF16_TOLERANCE = 0.15f;

  @TempDir private Path directory;

  static Stream<Arguments> modelsAndBackends() {
    return ZooModel.NAMES.stream()
        .flatMap(
            name ->
                Stream.of("reference", "vector", "native")
                    .map(backend -> Arguments.of(name, backend)));
  }

  @ParameterizedTest
  @MethodSource("modelsAndBackends")
  void safetensors(String name, String backend) {
    ZooModel zoo = ZooModel.require(name);
    check(zoo, zoo.directory(), backend);
  }

  @ParameterizedTest
  @MethodSource("modelsAndBackends")
  void gguf(String name, String backend) {
    ZooModel zoo = ZooModel.require(name);
    check(zoo, ZooGguf.convert(zoo, directory.resolve(name + ".gguf"), true), backend);
  }

  /** The oldest files hold experts one by one. */
  @Test
  void ggufWithSeparateExperts() {
    ZooModel zoo = ZooModel.require("mixtral-top2");
    check(zoo, ZooGguf.convert(zoo, directory.resolve("separate.gguf"), false), "reference");
  }

  /** Activations are rounded to bf16, as weights are in the file, for any number of rows alike. */
  @Test
  void weightsOfBf16InALibrary() {
    ZooModel zoo = ZooModel.require("llama-tied-bf16");
    try (ComputePool pool = new ComputePool(2);
        Backend backend = TestBackends.open("onednn", pool);
        LanguageModel model = Models.load(WeightFiles.open(zoo.directory()), backend)) {
      for (ZooModel.Case golden : zoo.cases()) {
        checkLogits(model, backend, golden, BF16_TOLERANCE);
      }
    }
  }

  private static void check(ZooModel zoo, Path file, String backendName) {
    try (ComputePool pool = new ComputePool(2);
        Backend backend = TestBackends.open(backendName, pool);
        LanguageModel model = Models.load(WeightFiles.open(file), backend)) {
      for (ZooModel.Case golden : zoo.cases()) {
        checkLogits(model, backend, golden, TOLERANCE);
        assertThat(greedy(model, backend, golden)).isEqualTo(golden.greedy());
      }
    }
  }

  /** Close to the golden ones, and the same bits in chunks of any size. */
  private static void checkLogits(
      LanguageModel model, Backend backend, ZooModel.Case golden, float tolerance) {
    float[] whole = logits(model, backend, golden.ids(), golden.ids().length);
    assertThat(whole).hasSameSizeAs(golden.logits());
    assertThat(largestDifference(whole, golden.logits())).isLessThan(tolerance);
    assertThat(logits(model, backend, golden.ids(), 7)).isEqualTo(whole);
    assertThat(logits(model, backend, golden.ids(), 1)).isEqualTo(whole);
  }

  private static float[] logits(LanguageModel model, Backend backend, int[] ids, int chunk) {
    try (Sequence sequence = new Sequence(model, backend, ids.length, chunk)) {
      return sequence.appendInChunks(ids, chunk);
    }
  }

  private static int[] greedy(LanguageModel model, Backend backend, ZooModel.Case golden) {
    int rows = golden.ids().length;
    int[] tokens = new int[golden.greedy().length];
    try (Sequence sequence = new Sequence(model, backend, rows + tokens.length, rows)) {
      float[] logits = sequence.appendForLast(golden.ids());
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = Sequence.argmax(logits);
        logits = sequence.appendForLast(tokens[i]);
      }
    }
    return tokens;
  }

  static float largestDifference(float[] actual, float[] expected) {
    float largest = 0;
    for (int i = 0; i < actual.length; i++) {
      float difference = Math.abs(actual[i] - expected[i]);
      largest = difference > largest || Float.isNaN(difference) ? difference : largest;
    }
    return largest;
  }
}
