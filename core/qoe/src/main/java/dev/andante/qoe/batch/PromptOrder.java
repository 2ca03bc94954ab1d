package dev.andante.qoe.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * In which order contexts are computed when everybody may run, so that time is all they compete
 * for: by what serving one gains for each second that it takes (the rule of W. E. Smith, 1956). So
 * the short come before the long, and those whose readers can still be content before those whose
 * readers cannot. One under way counts with what is left of it.
 *
 * <p>Who has been without a token for too long is promoted: it comes first until it has one. There
 * is one at a time, as often as the {@link StarvationBound} allows.
 *
 * @param requests those who wait, and those who run and do not decode
 * @param admissions of those who wait, in the same order
 * @param promoted the one that comes first though it would not by what it gains
 */
record PromptOrder(
    List<BatchRequest> requests, List<Admission> admissions, Optional<BatchRequest> promoted) {

  /**
   * @param running in order of arrival
   * @param waiting in order of arrival
   */
  static PromptOrder of(
      BatchPolicy policy,
      BatchState state,
      List<BatchRequest> running,
      List<BatchRequest> waiting) {
    List<BatchRequest> prompts =
        Stream.concat(running.stream().filter(request -> !request.decoding()), waiting.stream())
            .toList();
    if (prompts.size() < 2) {
      List<Admission> all = waiting.stream().map(one -> admission(one, false)).toList();
      return new PromptOrder(prompts, all, Optional.empty());
    }
    List<Entry> order = byGain(policy, state, running, waiting);
    Entry first = order.getFirst();
    Optional<Entry> promoted =
        policy
            .starvation()
            .promoted(
                order,
                state,
                entry -> !entry.request().decoding(), // who waits and does goes on at once
                entry -> entry.outlook().startSeconds())
            .filter(entry -> entry.index() != first.index());
    promoted.ifPresent(
        entry -> {
          order.remove(entry);
          order.addFirst(entry);
        });
    return new PromptOrder(
        order.stream().map(Entry::request).toList(),
        order.stream()
            .filter(entry -> !entry.running())
            .map(entry -> admission(entry.request(), promoted.filter(entry::equals).isPresent()))
            .toList(),
        promoted.map(Entry::request));
  }

  private static List<Entry> byGain(
      BatchPolicy policy,
      BatchState state,
      List<BatchRequest> running,
      List<BatchRequest> waiting) {
    List<Entry> all = Entry.all(policy, state, running, waiting);
    Gains gains = new Gains(policy, all);
    long tokens = BatchState.tokens(running) + BatchState.tokens(waiting);
    double latency = state.decode().seconds(all.size(), tokens);
    double[] perSecond = new double[all.size()];
    List<Entry> order = new ArrayList<>();
    for (Entry entry : all) {
      if (!entry.decodes()) {
        double seconds = entry.outlook().startSeconds();
        perSecond[entry.index()] =
            seconds > 0 ? gains.of(entry, latency) / seconds : Double.POSITIVE_INFINITY;
        order.add(entry);
      }
    }
    order.sort(Comparator.comparingDouble(entry -> -perSecond[entry.index()]));
    return order;
  }

  private static Admission admission(BatchRequest request, boolean promoted) {
    return new Admission(request, promoted ? Admission.Why.STARVED : Admission.Why.ROOM, List.of());
  }
}
