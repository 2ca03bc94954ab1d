package dev.andante.qoe.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * In which order prompts are computed when everybody may run, so that time is all they compete for:
 * by what serving one gains for each second that it takes (the rule of W. E. Smith, 1956). So the
 * short come before the long, and those whose readers can still be content before those whose
 * readers cannot. A prompt under way counts with what is left of it. Who waited too long comes
 * first.
 *
 * @param requests those who wait, and those who run and have no token yet
 * @param admissions of those who wait, in the same order
 */
record PromptOrder(List<BatchRequest> requests, List<Admission> admissions) {

  private record Prompt(Entry entry, boolean overdue, double gainPerSecond) {}

  /**
   * @param running in order of arrival
   * @param waiting in order of arrival
   */
  static PromptOrder of(
      BatchPolicy policy,
      BatchState state,
      List<BatchRequest> running,
      List<BatchRequest> waiting) {
    long prompts = waiting.size() + running.stream().filter(PromptOrder::isPrompt).count();
    if (prompts < 2) {
      return new PromptOrder(waiting, waiting.stream().map(one -> admission(one, false)).toList());
    }
    List<Prompt> order = order(policy, state, running, waiting);
    return new PromptOrder(
        order.stream().map(prompt -> prompt.entry().request()).toList(),
        order.stream()
            .filter(prompt -> !prompt.entry().running())
            .map(prompt -> admission(prompt.entry().request(), prompt.overdue()))
            .toList());
  }

  private static boolean isPrompt(BatchRequest running) {
    return running.reading().tokens() == 0;
  }

  private static List<Prompt> order(
      BatchPolicy policy,
      BatchState state,
      List<BatchRequest> running,
      List<BatchRequest> waiting) {
    List<Entry> all = Entry.all(policy, state, running, waiting);
    Optional<Entry> promoted = FixedPlaces.of(policy.starvation(), state, all).promoted();
    Gains gains = new Gains(policy, all);
    long tokens = BatchState.tokens(running) + BatchState.tokens(waiting);
    double latency = state.decode().seconds(all.size(), tokens);
    List<Prompt> order = new ArrayList<>();
    for (Entry entry : all) {
      if (!entry.decodes()) {
        boolean overdue =
            entry.running()
                ? policy.starvation().isOver(entry.request(), state.nowNanos())
                : promoted.filter(entry::equals).isPresent();
        order.add(new Prompt(entry, overdue, perSecond(entry, gains, latency)));
      }
    }
    order.sort(
        Comparator.comparing((Prompt prompt) -> !prompt.overdue())
            .thenComparingDouble(prompt -> prompt.overdue() ? 0 : -prompt.gainPerSecond()));
    return order;
  }

  private static double perSecond(Entry entry, Gains gains, double latency) {
    double seconds = entry.outlook().startSeconds();
    return seconds > 0 ? gains.of(entry, latency) / seconds : Double.POSITIVE_INFINITY;
  }

  private static Admission admission(BatchRequest request, boolean promoted) {
    return new Admission(request, promoted ? Admission.Why.STARVED : Admission.Why.ROOM, List.of());
  }
}
