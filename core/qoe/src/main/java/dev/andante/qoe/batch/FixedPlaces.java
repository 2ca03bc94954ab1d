package dev.andante.qoe.batch;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Places that gain does not decide about: of those who began to run a short while ago, or were
 * promoted and have no token yet, who stay, and of the one who has waited too long, who enters.
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
      if (entry.running()
          && isProtected(bound, state, entry)
          && fits(state, indices.size(), tokens, entry)) {
        indices.add(entry.index());
        tokens += entry.tokens();
      }
    }
    List<Entry> waiting = entries.stream().filter(entry -> !entry.running()).toList();
    Optional<Entry> starved =
        bound.promoted(
            waiting, state, _ -> true, entry -> stallSeconds(state.costs(), entry.request()));
    if (starved.isEmpty() || !fits(state, indices.size(), tokens, starved.get())) {
      return new FixedPlaces(indices, Optional.empty(), tokens, starved.isPresent());
    }
    indices.add(starved.get().index());
    return new FixedPlaces(indices, starved, tokens + starved.get().tokens(), false);
  }

  private static boolean isProtected(StarvationBound bound, BatchState state, Entry entry) {
    return state.history().hasPromoted(entry.request())
        || entry.request().sinceSeconds(state.nowNanos()) < bound.minServiceSeconds();
  }

  private static boolean fits(BatchState state, int places, long tokens, Entry entry) {
    return places < state.maxBatch() && entry.tokens() <= state.capacityTokens() - tokens;
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
