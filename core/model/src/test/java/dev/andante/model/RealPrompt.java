package dev.andante.model;

import dev.andante.format.SafetensorsFile;
import dev.andante.testkit.TestModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A prompt to the real model with reference outputs.
 *
 * @param lastLogits of the prompt's last position
 * @param greedy the 64 tokens that follow
 * @param margins how far ahead each of them was
 * @param logSumExp of every position, or of none for longer prompts
 */
record RealPrompt(
    String name,
    int[] ids,
    float[] lastLogits,
    int[] greedy,
    double[] margins,
    double[] logSumExp) {

  /** Skips the calling test where the reference data is absent. */
  static List<RealPrompt> all() {
    Path golden = TestModels.requireGolden();
    try (SafetensorsFile logits =
        SafetensorsFile.open(golden.resolve("real_last_logits.safetensors"))) {
      return Files.readAllLines(golden.resolve("real.jsonl")).stream()
          .map(line -> parse(JsonMapper.shared().readTree(line), logits))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static double[] doubles(JsonNode array) {
    return array.valueStream().mapToDouble(JsonNode::doubleValue).toArray();
  }

  private static RealPrompt parse(JsonNode json, SafetensorsFile logits) {
    String name = json.get("name").stringValue();
    return new RealPrompt(
        name,
        ZooModel.ints(json.get("ids")),
        ZooModel.floats(logits, "last_logits." + name),
        ZooModel.ints(json.get("greedy")),
        doubles(json.get("greedy_margin")),
        json.hasNonNull("logsumexp") ? doubles(json.get("logsumexp")) : new double[0]);
  }

  @Override
  public String toString() {
    return name;
  }
}
