package dev.andante.qoe.batch;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Places that gain does not decide about: of those who began to run a short while ago, who stay,
 * and of the one who has waited too long, who enters.
 *
 * @param indices of them all
 * @param tokens of them all
 * @param holding whether the one to be promoted lacks room, so that nobody else may enter
 */
record FixedPlaces(Set<Integer> indices, Optional<Entry> promoted, long tokens, boolean holding) {

  static FixedPlaces of(StarvationBound bound, BatchState state, List<Entry> entries) {
    Set<Integer> indices = new HashSet<>();
    long tokens = 0;
    for (Entry entry : entries) {
      double since = entry.request().sinceSeconds(state.nowNanos());
      if (entry.running()
          && since < bound.minServiceSeconds()
          && fits(state, indices.size(), tokens, entry)) {
        indices.add(entry.index());
        tokens += entry.tokens();
      }
    }
    Optional<Entry> starved = starved(bound, state, entries);
    if (starved.isEmpty() || !fits(state, indices.size(), tokens, starved.get())) {
      return new FixedPlaces(indices, Optional.empty(), tokens, starved.isPresent());
    }
    indices.add(starved.get().index());
    return new FixedPlaces(indices, starved, tokens + starved.get().tokens(), false);
  }

  private static boolean fits(BatchState state, int places, long tokens, Entry entry) {
    return places < state.maxBatch() && entry.tokens() <= state.capacityTokens() - tokens;
  }

  /** Who has waited longest, if that is too long and the time has come to promote again. */
  private static Optional<Entry> starved(
      StarvationBound bound, BatchState state, List<Entry> entries) {
    double granted = bound.stallShare() * state.history().secondsSincePromotion();
    return entries.stream()
        .filter(entry -> !entry.running())
        // Of equals the earliest arrival.
        .max(
            Comparator.<Entry>comparingDouble(
                    entry -> entry.request().sinceSeconds(state.nowNanos()))
                .thenComparing(Comparator.comparingInt(Entry::index).reversed()))
        .filter(entry -> bound.isOver(entry.request(), state.nowNanos()))
        .filter(entry -> stallSeconds(state.costs(), entry.request()) <= granted);
  }

  /** What a promotion costs: to start, and one day to leave again. */
  private static double stallSeconds(Costs costs, BatchRequest request) {
    return costs.startSeconds(request) + costs.preemptSeconds(request);
  }

  boolean has(Entry entry) {
    return indices.contains(entry.index());
  }

  int size() {
    return indices.size();
  }
}
