package dev.andante.simulator;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Options of a command line, each with a value, each at most once. */
final class Arguments {

  private final Map<String, String> values = new LinkedHashMap<>();
  private final Set<String> asked = new HashSet<>();

  /**
   * @throws UsageException if a word is no option, or an option has no value or comes twice
   */
  Arguments(List<String> words) {
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (!word.startsWith("--")) {
        throw new UsageException("'" + word + "' is no option");
      }
      int sign = word.indexOf('=');
      String name = sign < 0 ? word : word.substring(0, sign);
      if (sign < 0 && ++i == words.size()) {
        throw new UsageException(name + " needs a value");
      }
      if (values.put(name, sign < 0 ? words.get(i) : word.substring(sign + 1)) != null) {
        throw new UsageException(name + " is given twice");
      }
    }
  }

  /**
   * To be called when all options there are have been asked for.
   *
   * @throws UsageException if one is left
   */
  void requireAllUsed() {
    for (String name : values.keySet()) {
      if (!asked.contains(name)) {
        throw new UsageException("there is no option " + name);
      }
    }
  }

  boolean has(String name) {
    asked.add(name);
    return values.containsKey(name);
  }

  String text(String name, String otherwise) {
    asked.add(name);
    return values.getOrDefault(name, otherwise);
  }

  double number(String name, double otherwise, double least, double most) {
    return has(name) ? number(name, text(name, ""), least, most) : otherwise;
  }

  static double number(String name, String text, double least, double most) {
    double value;
    try {
      value = Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw new UsageException(name + " takes numbers, not '" + text + "'");
    }
    if (!(value >= least && value <= most)) {
      throw new UsageException(
          name + " must be from " + show(least) + " to " + show(most) + ", not " + text);
    }
    return value;
  }

  private static String show(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }

  long integer(String name, long otherwise, long least, long most) {
    if (!has(name)) {
      return otherwise;
    }
    String text = text(name, "");
    long value;
    try {
      value = Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      throw new UsageException(name + " takes a whole number, not '" + text + "'");
    }
    if (value < least || value > most) {
      throw new UsageException(name + " must be from " + least + " to " + most + ", not " + text);
    }
    return value;
  }

  /** Values between commas, at least one. */
  <T> List<T> list(String name, List<T> otherwise, Function<String, T> each) {
    if (!has(name)) {
      return otherwise;
    }
    List<T> list = new ArrayList<>();
    for (String one : text(name, "").split(",", -1)) {
      list.add(each.apply(one.strip()));
    }
    return list;
  }

  /** Three times, or none. */
  double[] seconds(String name) {
    List<Double> list = list(name, List.of(), text -> number(name, text, 0, 1000));
    if (has(name) && list.size() != 3) {
      throw new UsageException(name + " takes three numbers of seconds, not " + list.size());
    }
    return list.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
