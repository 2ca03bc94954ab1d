package dev.andante.qoe.batch;

import static dev.andante.qoe.batch.Requests.COSTS;
import static dev.andante.qoe.batch.Requests.FAST;
import static dev.andante.qoe.batch.Requests.SPEC;
import static dev.andante.qoe.batch.Requests.nanos;
import static dev.andante.qoe.batch.Requests.running;
import static dev.andante.qoe.batch.Requests.state;
import static dev.andante.qoe.batch.Requests.waiting;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.qoe.Reading;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PromptOrderTest {

  private static final long MUCH = 1_000_000;

  /** A prompt that began to be computed a second after 0, when it came. */
  private static BatchRequest underWay(long arrival, int tokens, int computed) {
    return new BatchRequest(
        arrival, tokens, computed, Reading.none(SPEC), 0, nanos(1), 0, 0, false, 0);
  }

  private static BatchDecision decide(BatchState state) {
    BatchDecision decision = new BatchSelector(BatchPolicy.DEFAULT).decide(state);
    assertThat(decision.pressure()).isFalse();
    assertThat(decision.batch()).hasSize(state.running().size() + state.waiting().size());
    return decision;
  }

  private static List<Long> order(BatchState state) {
    return arrivals(decide(state).prompts());
  }

  private static List<Long> arrivals(List<BatchRequest> requests) {
    return requests.stream().map(BatchRequest::arrival).toList();
  }

  private static List<Long> entering(BatchDecision decision) {
    return arrivals(decision.admit().stream().map(Admission::request).toList());
  }

  @Test
  void theShortComeBeforeTheLong() {
    List<BatchRequest> prompts =
        List.of(waiting(1, 9000, 9), waiting(2, 300, 9), waiting(3, 2000, 9));
    BatchDecision decision = decide(state(10, List.of(), prompts, MUCH));
    assertThat(arrivals(decision.prompts())).containsExactly(2L, 3L, 1L);
    assertThat(entering(decision)).containsExactly(2L, 3L, 1L);
  }

  @Test
  void equalOnesComeInOrderOfArrival() {
    List<BatchRequest> prompts =
        List.of(waiting(3, 300, 9), waiting(1, 300, 9), waiting(2, 300, 9));
    assertThat(order(state(10, List.of(), prompts, MUCH))).containsExactly(1L, 2L, 3L);
  }

  /** Of two as long, the one whose reader has waited for 50 s has less to gain. */
  @Test
  void whoCanStillBeContentComesBeforeWhoCannot() {
    List<BatchRequest> prompts = List.of(waiting(1, 300, 9), waiting(2, 300, 59));
    assertThat(order(state(60, List.of(), prompts, MUCH))).containsExactly(2L, 1L);
  }

  @Test
  void onlyWhatIsLeftOfAPromptCounts() {
    List<BatchRequest> one = List.of(waiting(2, 1000, 2));
    assertThat(order(state(3, List.of(underWay(1, 5000, 500)), one, MUCH))).containsExactly(2L, 1L);
    assertThat(order(state(3, List.of(underWay(1, 5000, 4500)), one, MUCH)))
        .containsExactly(1L, 2L);
  }

  @Test
  void whoHasTokensIsNoPrompt() {
    BatchDecision decision =
        decide(state(10, List.of(running(1, 300, 50, 0.1)), List.of(waiting(2, 300, 9)), MUCH));
    assertThat(arrivals(decision.prompts())).containsExactly(2L);
    assertThat(arrivals(decision.keep())).containsExactly(1L);
  }

  /** The one that came a minute ago, though it began only 59 s ago; and no other. */
  @Test
  void whoHasHadNoTokenForTooLongIsPromotedWhetherItRunsOrWaits() {
    List<BatchRequest> run = List.of(underWay(1, 9000, 500), underWay(2, 8000, 500));
    List<BatchRequest> wait = List.of(waiting(3, 300, 59), waiting(4, 7000, 0));
    assertThat(order(state(59.9, run, wait, MUCH))).containsExactly(3L, 4L, 2L, 1L);
    BatchDecision decision = decide(state(60.1, run, wait, MUCH));
    assertThat(arrivals(decision.prompts())).containsExactly(1L, 3L, 4L, 2L);
    assertThat(decision.promoted()).contains(run.getFirst());
    BatchDecision next = decide(state(60.1, run.subList(1, 2), wait, MUCH));
    assertThat(arrivals(next.prompts())).containsExactly(2L, 3L, 4L);
    assertThat(next.promoted()).contains(run.get(1));
    BatchDecision last = decide(state(60.1, List.of(), wait, MUCH));
    assertThat(entering(last)).containsExactly(4L, 3L);
    assertThat(last.admit().stream().map(Admission::why))
        .containsExactly(Admission.Why.STARVED, Admission.Why.ROOM);
    assertThat(last.promoted()).contains(wait.get(1));
  }

  private static BatchDecision decide(BatchState.History history, List<BatchRequest> waiting) {
    return decide(new BatchState(nanos(100), List.of(), waiting, MUCH, 1000, FAST, COSTS, history));
  }

  /** 0.9 s of work may be had by all at once every 18 s. */
  @Test
  void thereIsOnePromotionAtATimeAndItStandsUntilThereIsAToken() {
    List<BatchRequest> prompts =
        List.of(waiting(1, 9000, 1), waiting(2, 8000, 2), waiting(3, 300, 99));
    assertThat(decide(new BatchState.History(3, 0, 18), prompts).promoted()).isEmpty();
    assertThat(entering(decide(new BatchState.History(3, 0, 18), prompts)))
        .containsExactly(3L, 2L, 1L);
    assertThat(entering(decide(new BatchState.History(3, 0, 18.3), prompts)))
        .containsExactly(1L, 3L, 2L);
    assertThat(entering(decide(new BatchState.History(3, 0, 0.1, OptionalLong.of(2)), prompts)))
        .containsExactly(2L, 3L, 1L);
    assertThat(entering(decide(new BatchState.History(3, 0, 0.1, OptionalLong.of(9)), prompts)))
        .containsExactly(3L, 2L, 1L);
  }

  @Test
  void whoComesFirstAnywayIsNotPromoted() {
    List<BatchRequest> prompts = List.of(waiting(1, 300, 1), waiting(2, 8000, 99));
    BatchDecision decision = decide(state(100, List.of(), prompts, MUCH));
    assertThat(entering(decision)).containsExactly(1L, 2L);
    assertThat(decision.promoted()).isEmpty();
    BatchRequest paused = running(1, 300, 50, 0.1); // it waits, and has all of its KV
    BatchDecision next = decide(state(100, List.of(), List.of(paused, waiting(2, 800, 99)), MUCH));
    assertThat(next.promoted()).isEmpty();
  }

  /** It has tokens, and its place back, and not yet the KV of them. */
  @Test
  void aContextThatIsComputedAgainIsOvertakenLikeAPrompt() {
    Reading reading = Reading.none(SPEC).with(0.5, 0.1, 50);
    BatchRequest again = new BatchRequest(1, 5000, 500, reading, 0, 0, 0, 0, false, nanos(9));
    assertThat(order(state(10, List.of(again), List.of(waiting(2, 300, 9)), MUCH)))
        .containsExactly(2L, 1L);
  }

  /** There who runs goes before who enters. */
  @Test
  void underPressureThereIsNoOrderOfPrompts() {
    List<BatchRequest> prompts = List.of(waiting(1, 900, 9), waiting(2, 300, 9));
    BatchDecision decision =
        new BatchSelector(BatchPolicy.DEFAULT).decide(state(10, List.of(), prompts, 1000));
    assertThat(decision.pressure()).isTrue();
    assertThat(decision.prompts()).isEmpty();
  }
}
