package dev.andante.benchmarks.options;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A command line: options of the form {@code --name value}, and words. All methods throw {@link
 * IllegalArgumentException} with a message for the user.
 */
public final class Arguments {

  private final Map<String, List<String>> options = new HashMap<>();
  private final List<String> words = new ArrayList<>();

  /**
   * @param once options that may be given once
   * @param repeated options that may be given more than once
   */
  public Arguments(String[] line, Set<String> once, Set<String> repeated) {
    for (int i = 0; i < line.length; i++) {
      String name = line[i];
      if (!name.startsWith("--")) {
        words.add(name);
        continue;
      }
      if (!once.contains(name) && !repeated.contains(name)) {
        throw new IllegalArgumentException("there is no option " + name);
      }
      if (++i >= line.length) {
        throw new IllegalArgumentException(name + " needs a value");
      }
      List<String> values = options.computeIfAbsent(name, _ -> new ArrayList<>());
      if (!values.isEmpty() && once.contains(name)) {
        throw new IllegalArgumentException(name + " is given twice");
      }
      values.add(line[i]);
    }
  }

  /** What is no option. */
  public List<String> words() {
    return words;
  }

  public boolean has(String name) {
    return options.containsKey(name);
  }

  /** Refuses options that mean nothing beside another one. */
  public void refuse(String reason, String... names) {
    for (String name : names) {
      if (has(name)) {
        throw new IllegalArgumentException(name + " " + reason);
      }
    }
  }

  public Optional<String> text(String name) {
    return Optional.ofNullable(options.get(name)).map(List::getLast);
  }

  public List<String> all(String name) {
    return options.getOrDefault(name, List.of());
  }

  /** A number between two, both included. */
  public double number(String name, double otherwise, double low, double high) {
    return text(name).map(text -> number(name, text, low, high)).orElse(otherwise);
  }

  /** A whole number between two, both included. */
  public long whole(String name, long otherwise, long low, long high) {
    return text(name).map(text -> whole(name, text, low, high)).orElse(otherwise);
  }

  /** One of a type's constants, in small letters. */
  public <E extends Enum<E>> E choice(String name, E otherwise) {
    return text(name).map(text -> choice(name, text, otherwise)).orElse(otherwise);
  }

  private static double number(String name, String text, double low, double high) {
    double value;
    try {
      value = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " must be a number, not '" + text + "'", e);
    }
    if (!(value >= low && value <= high)) {
      throw outside(name, plain(low), plain(high), text);
    }
    return value;
  }

  private static long whole(String name, String text, long low, long high) {
    long value;
    try {
      value = Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " must be a whole number, not '" + text + "'", e);
    }
    if (value < low || value > high) {
      throw outside(name, Long.toString(low), Long.toString(high), text);
    }
    return value;
  }

  private static <E extends Enum<E>> E choice(String name, String text, E otherwise) {
    E[] all = otherwise.getDeclaringClass().getEnumConstants();
    return Arrays.stream(all)
        .filter(one -> word(one).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    name
                        + " must be one of "
                        + Arrays.stream(all).map(Arguments::word).toList()
                        + ", not '"
                        + text
                        + "'"));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static IllegalArgumentException outside(
      String name, String low, String high, String text) {
    return new IllegalArgumentException(
        name + " must be from " + low + " to " + high + ", not " + text);
  }

  private static String plain(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? Long.toString((long) number)
        : Double.toString(number);
  }
}
