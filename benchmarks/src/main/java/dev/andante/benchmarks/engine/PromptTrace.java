package dev.andante.benchmarks.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

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

  private static final Pattern LENGTH = Pattern.compile("\"input_length\"\\s*:\\s*(\\d+)");
  private static final Pattern NAMES = Pattern.compile("\"hash_ids\"\\s*:\\s*\\[([^]]*)]");

  /**
   * @throws IllegalArgumentException naming a line that is none of such a trace
   */
  static PromptTrace read(Path file) {
    try (InputStream raw = Files.newInputStream(file);
        InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw;
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
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
    Matcher length = LENGTH.matcher(line);
    Matcher names = NAMES.matcher(line);
    if (!length.find() || !names.find()) {
      throw new IllegalArgumentException("line " + number + " has no input_length or hash_ids");
    }
    int[] all =
        Arrays.stream(names.group(1).split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .mapToInt(Integer::parseInt)
            .toArray();
    return Arrays.copyOf(
        all, Math.min(all.length, Integer.parseInt(length.group(1)) / BLOCK_TOKENS));
  }

  /** The names of all blocks in order of use. */
  int[] uses() {
    return prompts.stream().flatMapToInt(Arrays::stream).toArray();
  }
}
