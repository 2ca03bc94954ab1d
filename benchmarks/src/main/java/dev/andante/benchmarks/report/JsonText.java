package dev.andante.benchmarks.report;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes maps, collections, arrays of numbers, strings, numbers and booleans as one JSON line. */
public final class JsonText {

  private JsonText() {}

  /**
   * @throws IllegalArgumentException for any other type
   */
  public static String of(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> quoted(String.valueOf(entry.getKey())) + ": " + of(entry.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
      case Collection<?> values ->
          values.stream().map(JsonText::of).collect(Collectors.joining(", ", "[", "]"));
      case Double number -> real(number);
      case Float number -> real(number);
      case Integer _, Long _, Boolean _ -> value.toString();
      case CharSequence text -> quoted(text.toString());
      default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
    };
  }

  /** Six significant digits: more than any measurement has. */
  private static String real(double number) {
    if (Double.isNaN(number) || Double.isInfinite(number)) {
      return "null";
    }
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? String.format(Locale.ROOT, "%.0f", number)
        : String.format(Locale.ROOT, "%.6g", number);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
