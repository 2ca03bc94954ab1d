package dev.andante.benchmarks.load.workload;

import java.util.random.RandomGenerator;

/**
 * Lengths between two, both included.
 *
 * @param low at least 1
 * @param high at least {@code low}
 */
public record Span(int low, int high) {

  private static final int MOST = 10_000_000;

  public Span {
    if (low < 1 || high < low || high > MOST) {
      throw new IllegalArgumentException(
          "lengths must be from 1 to " + MOST + ", the smaller first, not " + low + "-" + high);
    }
  }

  /**
   * {@code 100} or {@code 50-150}.
   *
   * @throws IllegalArgumentException naming the option if it is neither
   */
  public static Span parse(String option, String text) {
    String[] ends = text.split("-", -1);
    try {
      int low = Integer.parseInt(ends[0]);
      if (ends.length <= 2) {
        return new Span(low, ends.length == 1 ? low : Integer.parseInt(ends[1]));
      }
    } catch (NumberFormatException _) {
      // said below
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
    }
    throw new IllegalArgumentException(
        option + " must be a length or two, as 100 or 50-150, not '" + text + "'");
  }

  int draw(RandomGenerator random) {
    return random.nextInt(low, high + 1);
  }

  @Override
  public String toString() {
    return low == high ? Integer.toString(low) : low + "-" + high;
  }
}
