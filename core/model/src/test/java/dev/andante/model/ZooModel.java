package dev.andante.model;

import dev.andante.format.SafetensorsFile;
import dev.andante.format.WeightFile;
import dev.andante.testkit.TestModels;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A small published-style checkpoint with reference outputs. */
public record ZooModel(String name, Path directory, List<Case> cases) {

  /** Every architecture that is supported. */
  public static final List<String> NAMES =
      List.of(
          "llama-gqa",
          "llama-rope-llama3",
          "llama-tied-bf16",
          "mixtral-top2",
          "olmoe",
          "qwen2-bias",
          "qwen3-moe-norm",
          "qwen3-qknorm");

  /**
   * @param ids prompt
   * @param logits {@code [ids.length, vocabulary]}
   * @param greedy what follows
   */
  public record Case(int[] ids, float[] logits, int[] greedy) {}

  /** Skips the calling test where the reference data is absent. */
  public static ZooModel require(String name) {
    Path directory = TestModels.requireGolden().resolve("zoo").resolve(name);
    JsonNode json = JsonMapper.shared().readTree(directory.resolve("golden.json").toFile());
    List<Case> cases = new ArrayList<>();
    try (SafetensorsFile golden = SafetensorsFile.open(directory.resolve("golden.safetensors"))) {
      for (JsonNode one : json.get("cases")) {
        String tensor = "logits." + cases.size();
        cases.add(new Case(ints(one.get("ids")), floats(golden, tensor), ints(one.get("greedy"))));
      }
    }
    return new ZooModel(name, directory, cases);
  }

  public static int[] ints(JsonNode array) {
    return Stream.of(array).flatMap(JsonNode::valueStream).mapToInt(JsonNode::intValue).toArray();
  }

  public static float[] floats(WeightFile file, String tensor) {
    return file.data(tensor)
        .toArray(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
  }

  /** Only the name: it titles parameterized tests. */
  @Override
  public String toString() {
    return name;
  }
}
