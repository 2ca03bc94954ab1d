package dev.andante.benchmarks.engine;

import java.util.Arrays;
import java.util.Map;

/**
 * The options given to a part, read as what they must be.
 *
 * @param given without dashes
 */
record Options(Map<String, String> given) {

  String text(String name) {
    return given.getOrDefault(name, "");
  }

  /**
   * @throws IllegalArgumentException if it is no number of at least 1
   */
  int count(String name, int otherwise) {
    String value = given.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value.strip());
      if (number >= 1) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException("--" + name + " takes a number from 1, not " + value);
  }

  /**
   * @throws IllegalArgumentException if these are no positive numbers
   */
  double[] positives(String name, double... otherwise) {
    String value = given.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      double[] numbers = Arrays.stream(value.split(",")).mapToDouble(Double::parseDouble).toArray();
      if (Arrays.stream(numbers).allMatch(n -> n > 0 && Double.isFinite(n))) {
        return numbers;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException("--" + name + " takes positive numbers, not " + value);
  }
}
