package dev.andante.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Python's methods of strings and dictionaries, as far as chat templates call them. */
final class PythonMethods {
  private PythonMethods() {}

  /**
   * @throws IllegalArgumentException if there is no such method
   */
  static @Nullable Object call(String self, String method, @Nullable Object[] args) {
    return switch (method) {
      case "strip" -> rstrip(lstrip(self, characters(args)), characters(args));
      case "lstrip" -> lstrip(self, characters(args));
      case "rstrip" -> rstrip(self, characters(args));
      case "startswith" -> any(args, self::startsWith);
      case "endswith" -> any(args, self::endsWith);
      case "upper" -> self.toUpperCase(Locale.ROOT);
      case "lower" -> self.toLowerCase(Locale.ROOT);
      case "capitalize" -> capitalize(self);
      case "title" -> title(self);
      case "replace" -> self.replace(text(args, 0), text(args, 1));
      case "find" -> (long) self.indexOf(text(args, 0));
      case "count" -> count(self, text(args, 0));
      case "split" -> split(self, args);
      case "splitlines" -> self.lines().toList();
      case "removeprefix" ->
          self.startsWith(text(args, 0)) ? self.substring(text(args, 0).length()) : self;
      case "removesuffix" ->
          self.endsWith(text(args, 0))
              ? self.substring(0, self.length() - text(args, 0).length())
              : self;
      case "isdigit" -> !self.isEmpty() && self.codePoints().allMatch(Character::isDigit);
      case "join" -> args.length == 1 && args[0] instanceof List<?> list ? join(self, list) : null;
      default -> throw new IllegalArgumentException("strings have no method " + method);
    };
  }

  static @Nullable Object call(Map<?, ?> self, String method, @Nullable Object[] args) {
    return switch (method) {
      case "get" -> {
        Object value = self.get(args.length == 0 ? "" : args[0]);
        yield value == null && args.length > 1 ? args[1] : value;
      }
      case "keys" -> new ArrayList<>(self.keySet());
      case "values" -> new ArrayList<>(self.values());
      case "items" -> new ArrayList<>(self.entrySet());
      default -> throw new IllegalArgumentException("dictionaries have no method " + method);
    };
  }

  /** What Python's {@code str.strip()} takes off. */
  static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }

  static String strip(String self) {
    return rstrip(lstrip(self, null), null);
  }

  private static String lstrip(String self, @Nullable String characters) {
    int from = 0;
    while (from < self.length() && strips(self.charAt(from), characters)) {
      from++;
    }
    return self.substring(from);
  }

  private static String rstrip(String self, @Nullable String characters) {
    int to = self.length();
    while (to > 0 && strips(self.charAt(to - 1), characters)) {
      to--;
    }
    return self.substring(0, to);
  }

  private static boolean strips(char c, @Nullable String characters) {
    return characters == null ? isSpace(c) : characters.indexOf(c) >= 0;
  }

  private static @Nullable String characters(@Nullable Object[] args) {
    return args.length == 0 || args[0] == null ? null : text(args, 0);
  }

  private static boolean any(@Nullable Object[] args, Predicate<String> condition) {
    if (args.length > 0 && args[0] instanceof List<?> choices) {
      return choices.stream().map(String::valueOf).anyMatch(condition);
    }
    return condition.test(text(args, 0));
  }

  private static List<String> split(String self, @Nullable Object[] args) {
    int most = args.length > 1 && args[1] instanceof Number limit ? limit.intValue() : -1;
    if (args.length == 0 || args[0] == null) {
      String stripped = strip(self);
      return stripped.isEmpty() ? List.of() : Arrays.asList(stripped.split("\\s+", most + 1));
    }
    String separator = text(args, 0);
    if (separator.isEmpty()) {
      throw new IllegalArgumentException("split needs a separator that is not empty");
    }
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at = self.indexOf(separator); at >= 0; at = self.indexOf(separator, from)) {
      if (parts.size() == most) {
        break;
      }
      parts.add(self.substring(from, at));
      from = at + separator.length();
    }
    parts.add(self.substring(from));
    return parts;
  }

  private static String capitalize(String self) {
    return self.isEmpty()
        ? self
        : self.substring(0, 1).toUpperCase(Locale.ROOT)
            + self.substring(1).toLowerCase(Locale.ROOT);
  }

  private static String title(String self) {
    StringBuilder title = new StringBuilder(self.length());
    boolean inside = false;
    for (int i = 0; i < self.length(); i++) {
      char c = self.charAt(i);
      title.append(inside ? Character.toLowerCase(c) : Character.toUpperCase(c));
      inside = Character.isLetter(c);
    }
    return title.toString();
  }

  private static long count(String self, String part) {
    return part.isEmpty() ? self.length() + 1L : split(self, new Object[] {part}).size() - 1L;
  }

  private static String join(String separator, List<?> list) {
    return String.join(separator, list.stream().map(String::valueOf).toList());
  }

  private static String text(@Nullable Object[] args, int index) {
    if (index >= args.length || args[index] == null) {
      throw new IllegalArgumentException("a string method lacks an argument");
    }
    return String.valueOf(args[index]);
  }
}
