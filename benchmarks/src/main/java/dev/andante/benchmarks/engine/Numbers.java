package dev.andante.benchmarks.engine;

import java.util.Arrays;
import java.util.Map;

/** Options that are whole numbers of at least 1. */
final class Numbers {

  private Numbers() {}

  static int positive(Map<String, String> given, String option, int otherwise) {
    String value = given.get(option);
    return value == null ? otherwise : positive(option, value);
  }

  /** Several, with commas between them. */
  static int[] positives(Map<String, String> given, String option, String otherwise) {
    return Arrays.stream(given.getOrDefault(option, otherwise).split(","))
        .mapToInt(value -> positive(option, value))
        .toArray();
  }

  /** Several that need not be whole, with commas between them. */
  static double[] positiveReals(Map<String, String> given, String option, String otherwise) {
    String value = given.getOrDefault(option, otherwise);
    try {
      double[] numbers = Arrays.stream(value.split(",")).mapToDouble(Double::parseDouble).toArray();
      if (Arrays.stream(numbers).allMatch(n -> n > 0 && Double.isFinite(n))) {
        return numbers;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException("--" + option + " takes positive numbers, not " + value);
  }

  private static int positive(String option, String value) {
    try {
      int number = Integer.parseInt(value.strip());
      if (number >= 1) {
        return number;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        "--" + option + " takes numbers of at least 1, not " + value);
  }
}
