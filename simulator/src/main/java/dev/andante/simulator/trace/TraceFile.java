package dev.andante.simulator.trace;

import dev.andante.format.Json;
import dev.andante.format.ModelFormatException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads traces: a table with a line of headings ({@code .csv}) or a JSON object a line ({@code
 * .jsonl}), either packed ({@code .gz}). The content decides, not the name. {@link Row} has the
 * fields; blank lines are ignored.
 */
public final class TraceFile {

  private final Path path;
  private final List<TraceRequest> requests = new ArrayList<>();
  private @Nullable List<String> headings;
  private int skipped;

  private TraceFile(Path path) {
    this.path = path;
  }

  /**
   * @throws TraceException naming file, line and what is wrong
   */
  public static Trace read(Path path) {
    TraceFile file = new TraceFile(path);
    int line = 0;
    try (BufferedReader reader = open(path)) {
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        line++;
        file.line(line == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text);
      }
    } catch (IllegalArgumentException e) {
      throw new TraceException(path + ", line " + line + ": " + e.getMessage(), e);
    } catch (CharacterCodingException e) {
      throw new TraceException(path + ", after line " + line + ": this is not UTF-8", e);
    } catch (IOException e) {
      throw new TraceException(path + ", after line " + line + ": cannot be read: " + e, e);
    }
    if (file.requests.isEmpty()) {
      throw new TraceException(path + ": there is no request in it");
    }
    return new Trace(
        Objects.toString(path.getFileName(), path.toString()), file.requests, file.skipped);
  }

  private static BufferedReader open(Path path) throws IOException {
    InputStream file = new BufferedInputStream(Files.newInputStream(path));
    try {
      file.mark(2);
      boolean packed = file.read() == 0x1f && file.read() == 0x8b;
      file.reset();
      // A decoder that refuses what is no text, in place of one that replaces it.
      return new BufferedReader(
          new InputStreamReader(
              packed ? new GZIPInputStream(file) : file, StandardCharsets.UTF_8.newDecoder()));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private void line(String text) {
    if (text.isBlank()) {
      return;
    }
    if (headings == null && text.stripLeading().startsWith("{")) {
      add(json(text));
    } else if (headings == null && requests.isEmpty() && skipped == 0) {
      headings = headings(text);
    } else if (headings == null) {
      throw new IllegalArgumentException("this is no JSON object");
    } else {
      add(cells(headings, text));
    }
  }

  private void add(Map<String, ?> fields) {
    new Row(fields).request().ifPresentOrElse(requests::add, () -> skipped++);
  }

  private Map<String, Object> json(String text) {
    try {
      return Json.parseObject(path, text.getBytes(StandardCharsets.UTF_8));
    } catch (ModelFormatException e) {
      String said = Objects.toString(e.getMessage(), "").replace(path + ", ", "");
      throw new IllegalArgumentException("this is no JSON object: " + said, e);
    }
  }

  private static List<String> headings(String text) {
    List<String> names = new ArrayList<>();
    for (String cell : text.split(",", -1)) {
      names.add(unquoted(cell).toLowerCase(Locale.ROOT));
    }
    for (List<String> field : List.of(Row.ARRIVAL, Row.INPUT, Row.OUTPUT)) {
      if (field.stream().noneMatch(names::contains)) {
        throw new IllegalArgumentException(
            "a heading %s is missing; there are %s. A trace is CSV with headings, or JSON lines"
                .formatted(String.join(" or ", field), String.join(", ", names)));
      }
    }
    return names;
  }

  private static Map<String, String> cells(List<String> headings, String text) {
    String[] cells = text.split(",", -1);
    if (cells.length != headings.size()) {
      throw new IllegalArgumentException(
          "there are " + cells.length + " cells under " + headings.size() + " headings");
    }
    Map<String, String> fields = new HashMap<>();
    for (int i = 0; i < cells.length; i++) {
      fields.put(headings.get(i), unquoted(cells[i]));
    }
    return fields;
  }

  private static String unquoted(String cell) {
    String text = cell.strip();
    return text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")
        ? text.substring(1, text.length() - 1)
        : text;
  }
}
