package dev.andante.benchmarks.load.workload;

import dev.andante.benchmarks.data.TextFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads traces, gzipped or not, in two formats that their first line tells apart: CSV with the
 * columns {@code arrival_s, input_tokens, output_tokens} in any order among others, and JSON lines
 * with {@code timestamp} (ms), {@code input_length}, {@code output_length} and, where prompts share
 * prefixes, {@code hash_ids} of blocks of 512 tokens. Rows come out in the order of arrival.
 */
public final class Traces {

  private static final int HASHED_BLOCK_TOKENS = 512;
  private static final List<String> COLUMNS = List.of("arrival_s", "input_tokens", "output_tokens");

  private Traces() {}

  /**
   * @throws IOException if it cannot be read
   * @throws IllegalArgumentException naming file and line of what is no trace
   */
  public static List<TraceRow> read(Path file) throws IOException {
    try (BufferedReader lines = TextFile.open(file)) {
      String first = lines.readLine();
      if (first == null) {
        throw new IllegalArgumentException(file + " is empty");
      }
      List<TraceRow> rows =
          first.startsWith("{")
              ? rows(file, lines, first, 1, Traces::jsonRow)
              : rows(file, lines, lines.readLine(), 2, csvRow(file, first));
      if (rows.isEmpty()) {
        throw new IllegalArgumentException(file + " has no requests");
      }
      rows.sort(Comparator.comparingDouble(TraceRow::arrivalSeconds));
      return rows;
    }
  }

  private static List<TraceRow> rows(
      Path file,
      BufferedReader lines,
      @Nullable String first,
      int number,
      Function<String, TraceRow> parser)
      throws IOException {
    List<TraceRow> rows = new ArrayList<>();
    int at = number;
    for (String line = first; line != null; line = lines.readLine(), at++) {
      if (line.isBlank()) {
        continue;
      }
      try {
        rows.add(parser.apply(line));
      } catch (RuntimeException e) {
        throw new IllegalArgumentException(file + ":" + at + ": " + e.getMessage(), e);
      }
    }
    return rows;
  }

  private static Function<String, TraceRow> csvRow(Path file, String header) {
    List<String> names = Arrays.stream(header.split(",")).map(String::strip).toList();
    int[] at = COLUMNS.stream().mapToInt(names::indexOf).toArray();
    if (Arrays.stream(at).anyMatch(column -> column < 0)) {
      throw new IllegalArgumentException(
          file + ":1: a trace begins with the columns " + COLUMNS + " or with a JSON object");
    }
    return line -> {
      String[] cells = line.split(",", -1);
      if (cells.length != names.size()) {
        throw new IllegalArgumentException(names.size() + " columns expected");
      }
      return row(
          Double.parseDouble(cells[at[0]].strip()),
          new Demand(
              length(Double.parseDouble(cells[at[1]].strip())),
              length(Double.parseDouble(cells[at[2]].strip()))));
    };
  }

  private static TraceRow jsonRow(String line) {
    JsonNode node;
    try {
      node = JsonMapper.shared().readTree(line);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("no JSON: " + e.getOriginalMessage(), e);
    }
    List<Long> blocks = new ArrayList<>();
    for (JsonNode id : node.path("hash_ids")) {
      blocks.add(id.asLong());
    }
    return row(
        number(node, "timestamp") / 1000,
        new Demand(
            length(number(node, "input_length")),
            length(number(node, "output_length")),
            blocks,
            HASHED_BLOCK_TOKENS));
  }

  private static double number(JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (!value.isNumber()) {
      throw new IllegalArgumentException("'" + name + "' must be a number");
    }
    return value.asDouble();
  }

  private static TraceRow row(double arrivalSeconds, Demand demand) {
    if (!(arrivalSeconds >= 0 && arrivalSeconds < 1e9)) {
      throw new IllegalArgumentException("no arrival time: " + arrivalSeconds);
    }
    return new TraceRow(arrivalSeconds, demand);
  }

  /** Traces hold empty prompts and answers that were aborted; here nothing is shorter than 1. */
  private static int length(double tokens) {
    if (!(tokens >= 0 && tokens <= 1e8)) {
      throw new IllegalArgumentException("no length: " + tokens);
    }
    return Math.max(1, (int) tokens);
  }
}
