package dev.andante.qoe.batch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Decides who runs; a pure function. Guarantees, for every state:
 *
 * <ul>
 *   <li>Those who run afterwards fit: their tokens into the memory, their number into the batch.
 *   <li>No pressure: all who wait enter, nobody leaves; prompts go by what they gain. Pressure is
 *       when memory would be fuller than the trigger, the batch full, or a token would take longer
 *       than the fastest reader reads.
 *   <li>Equal requests are told apart by arrival alone.
 *   <li>Somebody runs if there is anybody who fits.
 * </ul>
 */
public final class BatchSelector {

  private final BatchPolicy policy;

  public BatchSelector(BatchPolicy policy) {
    this.policy = policy;
  }

  public BatchDecision decide(BatchState state) {
    List<BatchRequest> refused = new ArrayList<>();
    List<BatchRequest> waiting = new ArrayList<>();
    for (BatchRequest request : byArrival(state.waiting())) {
      (request.contextTokens() > state.capacityTokens() ? refused : waiting).add(request);
    }
    List<BatchRequest> running = byArrival(state.running());
    Envelope envelope = Envelope.of(policy.trigger(), state, running, waiting);
    long tokens = BatchState.tokens(running) + BatchState.tokens(waiting);
    if (envelope.holds(running.size() + waiting.size(), tokens)) {
      PromptOrder order = PromptOrder.of(policy, state, running, waiting);
      return new BatchDecision(
          false,
          refused,
          List.of(),
          order.admissions(),
          running,
          order.promoted(),
          order.requests());
    }
    return new PressureRound(policy, state, envelope, running, waiting).decide(refused);
  }

  private static List<BatchRequest> byArrival(List<BatchRequest> requests) {
    return requests.stream().sorted(Comparator.comparingLong(BatchRequest::arrival)).toList();
  }
}
