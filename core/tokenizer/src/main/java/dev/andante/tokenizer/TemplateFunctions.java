package dev.andante.tokenizer;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.AdvancedFilter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The functions that transformers adds to Jinja2, and filters that must do as Python does. */
public final class TemplateFunctions {
  private static final int MOST_INDENT = 16;

  private TemplateFunctions() {}

  static void register(Jinjava jinjava) {
    jinjava.registerFunction(
        new ELFunctionDefinition(
            "", "raise_exception", TemplateFunctions.class, "raiseException", Object.class));
    jinjava.registerFunction(
        new ELFunctionDefinition(
            "", "strftime_now", TemplateFunctions.class, "strftimeNow", String.class));
    jinjava.registerFilter(
        new PythonFilter("trim", (value, args) -> PythonMethods.strip(text(value))));
    jinjava.registerFilter(
        new PythonFilter("upper", (value, args) -> text(value).toUpperCase(Locale.ROOT)));
    jinjava.registerFilter(
        new PythonFilter("lower", (value, args) -> text(value).toLowerCase(Locale.ROOT)));
    jinjava.registerFilter(new PythonFilter("reverse", (value, args) -> reversed(value)));
    jinjava.registerFilter(
        new PythonFilter(
            "items",
            (value, args) ->
                value instanceof Map<?, ?> map ? List.copyOf(map.entrySet()) : List.of()));
    jinjava.registerFilter(new PythonFilter("indent", (value, args) -> indent(text(value), args)));
    jinjava.registerFilter(
        new PythonFilter(
            "tojson",
            (value, args) ->
                args.get("indent") == null
                    ? JsonWriter.python(value)
                    : JsonWriter.python(value, width(args.get("indent"), 0))));
  }

  /** Called by templates: the messages are not what the model's makers foresaw. */
  public static String raiseException(@Nullable Object message) {
    throw new RaisedException(String.valueOf(message));
  }

  /** Called by templates: the time now by a pattern of C's strftime. */
  public static String strftimeNow(String pattern) {
    LocalDateTime now = LocalDateTime.now(ZoneId.systemDefault());
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c == '%' && i + 1 < pattern.length()) {
        text.append(strftime(pattern.charAt(++i), now));
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  private static String strftime(char letter, LocalDateTime now) {
    String pattern =
        switch (letter) {
          case 'Y' -> "yyyy";
          case 'y' -> "yy";
          case 'm' -> "MM";
          case 'B' -> "MMMM";
          case 'b' -> "MMM";
          case 'd' -> "dd";
          case 'A' -> "EEEE";
          case 'a' -> "EEE";
          case 'H' -> "HH";
          case 'I' -> "hh";
          case 'M' -> "mm";
          case 'S' -> "ss";
          case 'p' -> "a";
          case 'j' -> "DDD";
          default -> "";
        };
    try {
      return pattern.isEmpty()
          ? String.valueOf(letter)
          : DateTimeFormatter.ofPattern(pattern, Locale.ROOT).format(now);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("strftime_now does not know %" + letter, e);
    }
  }

  private static Object reversed(@Nullable Object value) {
    return switch (value) {
      case List<?> list -> list.reversed();
      case Object[] array -> Arrays.asList(array).reversed();
      case null -> Collections.emptyList();
      default -> new StringBuilder(text(value)).reverse().toString();
    };
  }

  private static String indent(String text, Map<String, Object> args) {
    String margin = " ".repeat(width(args.get("width"), 4));
    String indented = text.replace("\n", "\n" + margin);
    return "true".equals(text(args.get("first"))) ? margin + indented : indented;
  }

  private static int width(@Nullable Object value, int otherwise) {
    String digits = text(value);
    return digits.matches("\\d{1,3}") ? Math.min(Integer.parseInt(digits), MOST_INDENT) : otherwise;
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }

  /** What {@code raise_exception} throws. */
  static final class RaisedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RaisedException(String message) {
      super(message);
    }
  }

  /** A filter by name; the positional arguments that are known are those of an indentation. */
  private record PythonFilter(
      String name, BiFunction<@Nullable Object, Map<String, Object>, Object> function)
      implements AdvancedFilter {

    @Override
    public Object filter(
        Object value, JinjavaInterpreter interpreter, Object[] args, Map<String, Object> named) {
      Map<String, Object> all = new HashMap<>(named);
      if (args.length > 0) {
        all.put(name.equals("tojson") ? "indent" : "width", args[0]);
      }
      if (args.length > 1) {
        all.put("first", args[1]);
      }
      return function.apply(value, all);
    }

    @Override
    public String getName() {
      return name;
    }
  }
}
