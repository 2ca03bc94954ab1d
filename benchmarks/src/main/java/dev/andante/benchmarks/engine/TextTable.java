package dev.andante.benchmarks.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Results in columns, for people. */
final class TextTable {

  private TextTable() {}

  static String of(List<String> columns, List<Map<String, Object>> lines) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(columns);
    for (Map<String, Object> line : lines) {
      rows.add(columns.stream().map(column -> cell(line.get(column))).toList());
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      for (int i = 0; i < columns.size(); i++) {
        int at = i;
        int width = rows.stream().mapToInt(other -> other.get(at).length()).max().orElse(0);
        text.append(i == 0 ? "" : "  ").append(" ".repeat(width - row.get(i).length()));
        text.append(row.get(i));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static String cell(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case Double number -> String.format(Locale.ROOT, "%.4f", number);
      default -> value.toString();
    };
  }
}
