package dev.andante.tokenizer;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, strings, numbers, booleans and null as JSON. */
final class JsonWriter {
  private static final String HEX = "0123456789abcdef";

  private final StringBuilder out = new StringBuilder();
  private final String comma;
  private final String colon;

  private JsonWriter(String comma, String colon) {
    this.comma = comma;
    this.colon = colon;
  }

  static String compact(@Nullable Object value) {
    return new JsonWriter(",", ":").write(value).out.toString();
  }

  /** Spaced as Python's {@code json.dumps} does it, which is what chat templates were made with. */
  static String python(@Nullable Object value) {
    return new JsonWriter(", ", ": ").write(value).out.toString();
  }

  /** Python's {@code json.dumps(indent=n)}. */
  static String python(@Nullable Object value, int indent) {
    return new JsonWriter(",", ": ").writeIndented(value, indent, 0).out.toString();
  }

  private JsonWriter write(@Nullable Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        out.append('{');
        for (Iterator<? extends Map.Entry<?, ?>> i = map.entrySet().iterator(); i.hasNext(); ) {
          Map.Entry<?, ?> entry = i.next();
          string(String.valueOf(entry.getKey()));
          out.append(colon);
          write(entry.getValue());
          out.append(i.hasNext() ? comma : "");
        }
        out.append('}');
      }
      case List<?> list -> {
        out.append('[');
        for (Iterator<?> i = list.iterator(); i.hasNext(); ) {
          write(i.next());
          out.append(i.hasNext() ? comma : "");
        }
        out.append(']');
      }
      case null, default -> scalar(value);
    }
    return this;
  }

  private JsonWriter writeIndented(@Nullable Object value, int indent, int depth) {
    switch (value) {
      case Map<?, ?> map when !map.isEmpty() -> {
        out.append('{');
        for (Iterator<? extends Map.Entry<?, ?>> i = map.entrySet().iterator(); i.hasNext(); ) {
          Map.Entry<?, ?> entry = i.next();
          newLine(indent, depth + 1);
          string(String.valueOf(entry.getKey()));
          out.append(colon);
          writeIndented(entry.getValue(), indent, depth + 1);
          out.append(i.hasNext() ? comma : "");
        }
        newLine(indent, depth);
        out.append('}');
      }
      case List<?> list when !list.isEmpty() -> {
        out.append('[');
        for (Iterator<?> i = list.iterator(); i.hasNext(); ) {
          newLine(indent, depth + 1);
          writeIndented(i.next(), indent, depth + 1);
          out.append(i.hasNext() ? comma : "");
        }
        newLine(indent, depth);
        out.append(']');
      }
      case null, default -> write(value);
    }
    return this;
  }

  private void newLine(int indent, int depth) {
    out.append('\n').repeat(' ', indent * depth);
  }

  private void scalar(@Nullable Object value) {
    if (value == null || value instanceof Number || value instanceof Boolean) {
      out.append(value);
    } else {
      string(value.toString());
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ') {
            out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
