package dev.andante.gateway.pipeline;

import java.util.List;

/**
 * Finds stop strings in a growing text. Text that may be the beginning of one is held back until it
 * is known not to be. One answer, one thread at a time.
 */
final class StopStrings {

  private final List<String> stops;
  private String held = "";
  private boolean matched;

  /**
   * @param stops none of them empty
   */
  StopStrings(List<String> stops) {
    this.stops = List.copyOf(stops);
  }

  /**
   * The text that may be shown now.
   *
   * @param honour whether a stop string that ends in {@code text} counts
   */
  String accept(String text, boolean honour) {
    if (stops.isEmpty() || text.isEmpty()) {
      return text;
    }
    String all = held + text;
    int cut = honour ? firstMatch(all) : -1;
    if (cut >= 0) {
      matched = true;
      held = "";
      return all.substring(0, cut);
    }
    int shown = all.length() - longestBeginning(all);
    held = all.substring(shown);
    return all.substring(0, shown);
  }

  boolean matched() {
    return matched;
  }

  /** What was held back, at the end of an answer that no stop string ended. */
  String flush() {
    String rest = held;
    held = "";
    return rest;
  }

  private int firstMatch(String text) {
    int first = -1;
    for (String stop : stops) {
      int at = text.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  /** Length of the longest end of {@code text} that begins a stop string without completing it. */
  private int longestBeginning(String text) {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, text.length()); n > longest; n--) {
        if (text.startsWith(stop.substring(0, n), text.length() - n)) {
          longest = n;
        }
      }
    }
    return longest;
  }
}
