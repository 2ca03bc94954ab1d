package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.data.TextFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Prompts of a recorded service, each as the names of its blocks in order: equal names, equal
 * content and equal content before it. Written as Mooncake's traces are, a JSON object a line with
 * {@code input_length} in tokens and {@code hash_ids}, one for each 512 tokens. A last block that
 * is not full is left out, since the engine does not share such.
 *
 * @param prompts in order of arrival
 */
record PromptTrace(List<int[]> prompts) {

  static final int BLOCK_TOKENS = 512;

  /**
   * @throws IllegalArgumentException naming a line that is none of such a trace
   */
  static PromptTrace read(Path file) {
    try (BufferedReader lines = TextFile.open(file)) {
      List<int[]> prompts = new ArrayList<>();
      String line;
      while ((line = lines.readLine()) != null) {
        prompts.add(prompt(line, prompts.size() + 1));
      }
      return new PromptTrace(prompts);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int[] prompt(String line, int number) {
    JsonNode fields = fields(line, number);
    JsonNode length = fields.path("input_length");
    JsonNode names = fields.path("hash_ids");
    if (!length.isInt() || !names.isArray()) {
      throw new IllegalArgumentException("line " + number + " has no input_length or hash_ids");
    }
    int full = Math.min(names.size(), length.asInt() / BLOCK_TOKENS);
    int[] prompt = new int[full];
    for (int i = 0; i < full; i++) {
      JsonNode name = names.get(i);
      if (!name.isInt()) {
        throw new IllegalArgumentException("line " + number + ": hash_ids has " + name);
      }
      prompt[i] = name.asInt();
    }
    return prompt;
  }

  private static JsonNode fields(String line, int number) {
    try {
      return JsonMapper.shared().readTree(line);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("line " + number + " is no JSON object", e);
    }
  }

  /** The names of all blocks in order of use. */
  int[] uses() {
    return prompts.stream().flatMapToInt(Arrays::stream).toArray();
  }
}
