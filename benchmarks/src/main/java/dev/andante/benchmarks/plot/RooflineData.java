package dev.andante.benchmarks.plot;

import dev.andante.format.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a roofline shows.
 *
 * @param ceilings the highest of each kind and number of threads
 * @param points each line once or twice: ours, and the best peer's
 * @param title what was measured, and where
 */
record RooflineData(List<Ceiling> ceilings, List<Point> points, String title) {

  /**
   * A rate that the machine cannot exceed.
   *
   * @param kind read (GB/s), or a format (GFLOP/s)
   */
  record Ceiling(String kind, int threads, double value, String source) {
    boolean isRead() {
      return kind.equals("read");
    }
  }

  /**
   * A measured line.
   *
   * @param intensity FLOP for each byte
   * @param gflops reached
   * @param rate tokens per second
   */
  record Point(
      String line, boolean ours, String engine, double intensity, double gflops, double rate) {}

  static RooflineData read(Path file) throws IOException {
    Map<String, Ceiling> ceilings = new LinkedHashMap<>();
    Map<String, Point> points = new LinkedHashMap<>();
    String title = "";
    for (String text : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      Map<String, Object> line = Json.parseObject(file, text.getBytes(StandardCharsets.UTF_8));
      if (line.get("ceiling") instanceof String kind && line.get("bytes") == null) {
        Ceiling ceiling =
            new Ceiling(
                kind, (int) number(line, "threads"), number(line, "value"), text(line, "source"));
        ceilings.merge(kind + ceiling.threads(), ceiling, (a, b) -> a.value() >= b.value() ? a : b);
      } else if (line.get("intensity") != null && line.get("value") != null) {
        Point point = point(line);
        points.merge(point.line() + point.ours(), point, (a, b) -> a.rate() >= b.rate() ? a : b);
        title = title(line);
      }
    }
    return new RooflineData(
        ceilings.values().stream().sorted(Comparator.comparingDouble(Ceiling::value)).toList(),
        new ArrayList<>(points.values()),
        title);
  }

  private static Point point(Map<String, Object> line) {
    boolean ours = text(line, "engine").equals("andante");
    return new Point(
        text(line, "test"),
        ours,
        text(line, "engine"),
        number(line, "intensity"),
        number(line, "gflop_s"),
        number(line, "value"));
  }

  private static String title(Map<String, Object> line) {
    Map<?, ?> machine = line.get("machine") instanceof Map<?, ?> map ? map : Map.of();
    String date = text(line, "date");
    return "%s on %s, %s threads, %s"
        .formatted(
            text(line, "model"),
            machine.get("cpu"),
            text(line, "threads"),
            date.substring(0, Math.min(10, date.length())));
  }

  private static double number(Map<String, Object> line, String key) {
    return line.get(key) instanceof Number number ? number.doubleValue() : Double.NaN;
  }

  private static String text(Map<String, Object> line, String key) {
    @Nullable Object value = line.get(key);
    return value == null ? "" : value.toString();
  }
}
