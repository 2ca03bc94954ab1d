package dev.andante.qoe.batch;

import java.util.Comparator;
import java.util.List;

/**
 * The best batch of one size.
 *
 * @param latencySeconds between two tokens in it
 * @param gains of serving each entry, by index, hysteresis included
 * @param picked by index
 * @param total of the picked ones' gains
 * @param leaving how many who run are not picked
 */
record Choice(
    int size, double latencySeconds, double[] gains, boolean[] picked, double total, int leaving) {

  boolean betterThan(Choice other) {
    return total > other.total || (total == other.total && leaving < other.leaving);
  }

  /** Those to admit for their gain: picked, not running; by falling gain per token. */
  List<Entry> entering(List<Entry> entries) {
    return entries.stream()
        .filter(entry -> picked[entry.index()] && !entry.running())
        .sorted(Comparator.comparingDouble(entry -> -density(entry)))
        .toList();
  }

  /** Those who may have to leave: running, not picked; by rising gain per token, latest first. */
  List<Entry> leaving(List<Entry> entries) {
    return entries.reversed().stream()
        .filter(entry -> entry.running() && !picked[entry.index()])
        .sorted(Comparator.comparingDouble(this::density))
        .toList();
  }

  double gain(Entry entry) {
    return gains[entry.index()];
  }

  private double density(Entry entry) {
    return gain(entry) / entry.tokens();
  }
}
