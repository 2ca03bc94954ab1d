package dev.andante.qoe.batch;

import dev.andante.qoe.estimate.Outlook;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A request in one round of decisions.
 *
 * @param index place in the round's list, which is in order of arrival
 * @param now QoE now
 */
record Entry(int index, BatchRequest request, boolean running, Outlook outlook, double now) {

  /** All of a round. */
  static List<Entry> all(
      BatchPolicy policy,
      BatchState state,
      List<BatchRequest> running,
      List<BatchRequest> waiting) {
    List<BatchRequest> requests =
        Stream.concat(running.stream(), waiting.stream())
            .sorted(Comparator.comparingLong(BatchRequest::arrival))
            .toList();
    Set<Long> runs = running.stream().map(BatchRequest::arrival).collect(Collectors.toSet());
    List<Entry> all = new ArrayList<>();
    for (BatchRequest request : requests) {
      all.add(of(policy, state, request, runs.contains(request.arrival()), all.size()));
    }
    return all;
  }

  private static Entry of(
      BatchPolicy policy, BatchState state, BatchRequest request, boolean running, int index) {
    Outlook outlook =
        new Outlook(
            request.reading(),
            request.ageSeconds(state.nowNanos()),
            decodes(request, running) ? 0 : state.costs().startSeconds(request));
    return new Entry(index, request, running, outlook, policy.estimator().now(outlook));
  }

  private static boolean decodes(BatchRequest request, boolean running) {
    return running && request.decoding();
  }

  /** Whether nothing of it is to be computed but its next token. */
  boolean decodes() {
    return decodes(request, running);
  }

  long tokens() {
    return request.contextTokens();
  }
}
