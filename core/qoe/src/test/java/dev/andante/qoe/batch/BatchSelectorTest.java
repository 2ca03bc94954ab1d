package dev.andante.qoe.batch;

import static dev.andante.qoe.batch.Requests.COSTS;
import static dev.andante.qoe.batch.Requests.FAST;
import static dev.andante.qoe.batch.Requests.nanos;
import static dev.andante.qoe.batch.Requests.running;
import static dev.andante.qoe.batch.Requests.state;
import static dev.andante.qoe.batch.Requests.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.qoe.Reading;
import dev.andante.qoe.estimate.Objective;
import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.PrefillCoefficients;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BatchSelectorTest {

  private static final BatchPolicy PUBLISHED =
      BatchPolicy.DEFAULT
          .withPreemption(new PreemptionRule.OverheadAware())
          .withHysteresis(1.5)
          .withStarvation(StarvationBound.NONE)
          .withHorizon(20);

  private static BatchDecision decide(BatchPolicy policy, BatchState state) {
    return new BatchSelector(policy).decide(state);
  }

  private static List<Long> admitted(BatchDecision decision) {
    return decision.admit().stream().map(admission -> admission.request().arrival()).toList();
  }

  private static List<Long> arrivals(List<BatchRequest> requests) {
    return requests.stream().map(BatchRequest::arrival).toList();
  }

  /** A reader with much more in the buffer than the horizon asks for. */
  private static BatchRequest buffered(long arrival, int tokens) {
    return running(arrival, tokens, 500, 0.01);
  }

  @Test
  void belowTheTriggerEverybodyRuns() {
    BatchState state =
        state(
            10,
            List.of(running(1, 300, 50, 0.1)),
            List.of(waiting(3, 300, 9), waiting(2, 300, 9)),
            1000);
    BatchDecision decision = decide(PUBLISHED, state);
    assertThat(decision.pressure()).isFalse();
    assertThat(admitted(decision)).containsExactly(2L, 3L);
    assertThat(decision.admit())
        .allMatch(admission -> admission.why() == Admission.Why.ROOM)
        .allMatch(admission -> admission.victims().isEmpty());
    assertThat(arrivals(decision.keep())).containsExactly(1L);
    assertThat(decision.preempted()).isEmpty();
  }

  @Test
  void eachShortageIsPressure() {
    List<BatchRequest> two = List.of(waiting(1, 300, 9), waiting(2, 300, 9));
    assertThat(decide(PUBLISHED, state(9, List.of(), two, 667)).pressure()).isFalse();
    assertThat(decide(PUBLISHED, state(9, List.of(), two, 666)).pressure()).isTrue();
    BatchState small =
        new BatchState(nanos(9), List.of(), two, 10_000, 1, FAST, COSTS, BatchState.History.NONE);
    assertThat(decide(PUBLISHED, small).pressure()).isTrue();
    assertThat(decide(PUBLISHED, small).batch()).hasSize(1);
    for (double perRequest : new double[] {0.099, 0.101}) {
      BatchState slow =
          new BatchState(
              nanos(9),
              List.of(),
              two,
              10_000,
              100,
              new DecodeCoefficients(0, perRequest, 0),
              COSTS,
              BatchState.History.NONE);
      assertThat(decide(PUBLISHED, slow).pressure()).isEqualTo(perRequest > 0.1);
    }
  }

  @Test
  void aReaderWithAFullBufferMakesRoomForOneWhoWaits() {
    BatchState state =
        state(
            10,
            List.of(buffered(1, 500), running(2, 500, 40, 0.24)),
            List.of(waiting(3, 400, 9.5)),
            1000);
    BatchDecision decision = decide(PUBLISHED, state);
    assertThat(admitted(decision)).containsExactly(3L);
    assertThat(decision.admit().getFirst().why()).isEqualTo(Admission.Why.GAIN);
    assertThat(arrivals(decision.admit().getFirst().victims())).containsExactly(1L);
    assertThat(arrivals(decision.keep())).containsExactly(2L);
    assertThat(decision.preempted()).hasSize(1);
    assertThat(decision.batch()).hasSize(2);
  }

  @Test
  void nobodyLeavesForWhoFitsBeside() {
    BatchState state = state(10, List.of(buffered(1, 500)), List.of(waiting(2, 450, 9.5)), 1000);
    BatchDecision decision = decide(PUBLISHED, state);
    assertThat(decision.pressure()).isTrue();
    assertThat(admitted(decision)).containsExactly(2L);
    assertThat(decision.preempted()).isEmpty();
  }

  @Test
  void theShortComeBeforeTheLongAndTheScanGoesOnPastAMisfit() {
    BatchState state =
        state(
            10,
            List.of(),
            List.of(waiting(1, 900, 9.5), waiting(2, 500, 9.5), waiting(3, 400, 9.5)),
            1000);
    assertThat(admitted(decide(PUBLISHED, state))).containsExactly(3L, 2L);
    BatchState misfit =
        state(
            10,
            List.of(),
            List.of(waiting(1, 400, 9.5), waiting(2, 700, 9.5), waiting(3, 590, 9.5)),
            1000);
    assertThat(admitted(decide(PUBLISHED, misfit))).containsExactly(1L, 3L);
  }

  @Test
  void equalRequestsAreTakenInOrderOfArrival() {
    List<BatchRequest> equal = new ArrayList<>();
    for (long arrival : new long[] {4, 2, 5, 1, 3}) {
      equal.add(waiting(arrival, 300, 9.5));
    }
    assertThat(admitted(decide(PUBLISHED, state(10, List.of(), equal, 1000))))
        .containsExactly(1L, 2L, 3L);
  }

  @Test
  void whoRunsIsNotDisplacedByWhoGainsLittleMore() {
    BatchRequest runs = running(1, 500, 40, 0.24);
    BatchRequest waits =
        new BatchRequest(2, 500, 0, runs.reading(), runs.submittedNanos(), 0, 499, 499, true, 0);
    BatchDecision decision = decide(PUBLISHED, state(10.1, List.of(runs), List.of(waits), 600));
    assertThat(decision.pressure()).isTrue();
    assertThat(arrivals(decision.keep())).containsExactly(1L);
    assertThat(decision.admit()).isEmpty();
  }

  /** The refiner: the same gain is worth a short stall of the others and not a long one. */
  @Test
  void admissionsPayForTheStallTheyCause() {
    List<BatchRequest> onPace = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      onPace.add(running(i, 100, 45, 0.2));
    }
    BatchRequest newcomer = waiting(21, 100, 9.4);
    for (double prefillSeconds : new double[] {0.05, 8}) {
      BatchState state = fullBut(onPace, newcomer, prefillSeconds);
      BatchDecision decision = decide(PUBLISHED, state);
      assertThat(decision.pressure()).isTrue();
      assertThat(decision.admit()).hasSize(prefillSeconds < 1 ? 1 : 0);
      BatchPolicy capped = PUBLISHED.withPreemption(new PreemptionRule.Capped(1));
      assertThat(decide(capped, state).admit()).as("the cap sees no stalls").hasSize(1);
    }
  }

  /** Those who run leave room for few more, and each prompt takes so long. */
  private static BatchState fullBut(
      List<BatchRequest> running, BatchRequest newcomer, double prefillSeconds) {
    return new BatchState(
        nanos(9.5),
        running,
        List.of(newcomer),
        2300,
        100,
        FAST,
        Requests.recomputing(new PrefillCoefficients(prefillSeconds, 0, 0)),
        BatchState.History.NONE);
  }

  /** Readers far ahead notice no stall; those who could have run in that time do. */
  @Test
  void timeHasAPriceEvenIfNobodyWhoRunsMissesIt() {
    List<BatchRequest> ahead = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      ahead.add(running(i, 100, 70, 0.1));
    }
    BatchRequest newcomer = waiting(21, 100, 8);
    BatchPolicy priced = PUBLISHED.withPreemption(new PreemptionRule.PricedTime());
    for (double prefillSeconds : new double[] {0.05, 4}) {
      BatchState state = fullBut(ahead, newcomer, prefillSeconds);
      assertThat(admitted(decide(PUBLISHED, state))).as("%s", prefillSeconds).containsExactly(21L);
      assertThat(decide(priced, state).admit()).hasSize(prefillSeconds < 1 ? 1 : 0);
    }
  }

  /** The refiner ends with the first that is not worth its stall, the price passes it over. */
  @Test
  void whoIsNotWorthItKeepsNobodyOut() {
    BatchRequest costly = waiting(2, 300, 9.5);
    BatchRequest cheap = waiting(3, 310, 9.5);
    Costs costs =
        new Costs() {
          @Override
          public double startSeconds(BatchRequest request) {
            return request.arrival() == 2 ? 6 : 0.01;
          }

          @Override
          public double preemptSeconds(BatchRequest request) {
            return 0;
          }
        };
    BatchState state =
        new BatchState(
            nanos(10),
            List.of(running(1, 300, 45, 0.2)),
            List.of(costly, cheap),
            1000,
            100,
            FAST,
            costs,
            BatchState.History.NONE);
    BatchPolicy priced = PUBLISHED.withPreemption(new PreemptionRule.PricedTime());
    assertThat(admitted(decide(priced, state))).contains(3L);
  }

  @Test
  void theCapCountsThePreemptionsThatWere() {
    List<BatchRequest> run = List.of(buffered(1, 500), buffered(2, 500));
    List<BatchRequest> wait = List.of(waiting(3, 400, 9.5), waiting(4, 400, 9.5));
    BatchPolicy capped = PUBLISHED.withPreemption(new PreemptionRule.Capped(0.5));
    for (int before = 0; before <= 3; before++) {
      BatchState state =
          new BatchState(
              nanos(10), run, wait, 1000, 100, FAST, COSTS, new BatchState.History(5, before, 1));
      // floor(0.5 · 5) - before
      assertThat(decide(capped, state).preempted()).hasSize(Math.max(0, 2 - before));
    }
  }

  /** Under pressure too: the promotion was paid for, and is not over before there is a token. */
  @Test
  void whoWasPromotedStaysSoUntilItHasAToken() {
    BatchRequest promoted = waiting(1, 500, 0);
    BatchRequest newcomer = waiting(2, 600, 99.5);
    BatchState.History justNow = new BatchState.History(3, 0, 0.1, OptionalLong.of(1));
    BatchPolicy policy = BatchPolicy.DEFAULT;
    BatchDecision decision =
        decide(
            policy,
            new BatchState(
                nanos(100),
                List.of(),
                List.of(promoted, newcomer),
                1000,
                100,
                FAST,
                COSTS,
                justNow));
    assertThat(decision.pressure()).isTrue();
    assertThat(admitted(decision)).containsExactly(1L);
    assertThat(decision.promoted()).contains(promoted);
    BatchRequest running =
        new BatchRequest(1, 500, 100, Reading.none(Requests.SPEC), 0, nanos(70), 0, 0, false, 0);
    BatchDecision next =
        decide(
            policy,
            new BatchState(
                nanos(100), List.of(running), List.of(newcomer), 1000, 100, FAST, COSTS, justNow));
    assertThat(arrivals(next.keep())).containsExactly(1L);
    assertThat(admitted(next)).isEmpty();
  }

  @Test
  void whatNeverFitsIsRefused() {
    BatchState state =
        state(10, List.of(), List.of(waiting(1, 1001, 9), waiting(2, 1000, 9)), 1000);
    BatchDecision decision = decide(PUBLISHED, state);
    assertThat(arrivals(decision.refuse())).containsExactly(1L);
    assertThat(admitted(decision)).containsExactly(2L);
  }

  @Test
  void whoOutgrowsTheMemoryMakesTheLeastValuableLeave() {
    BatchState state =
        state(
            10,
            List.of(running(1, 500, 40, 0.24), buffered(2, 300), running(3, 300, 40, 0.24)),
            List.of(),
            1000);
    BatchDecision decision = decide(BatchPolicy.DEFAULT, state);
    assertThat(arrivals(decision.shed())).containsExactly(2L);
    assertThat(arrivals(decision.keep())).containsExactly(1L, 3L);
  }

  @Test
  void theYoungLeaveTooWhenMemoryRunsOut() {
    BatchState state =
        state(0.6, List.of(running(1, 600, 1, 0), running(2, 600, 1, 0)), List.of(), 1000);
    BatchDecision decision = decide(BatchPolicy.DEFAULT, state);
    assertThat(arrivals(decision.shed())).containsExactly(2L);
  }

  /** Hopeless for this objective, and yet there is a worker that has nothing else to do. */
  @Test
  void anIdleWorkerServesEvenThoseWhoGainNothing() {
    BatchPolicy perfect = PUBLISHED.withObjective(Objective.PERFECT_COUNT);
    List<BatchRequest> late = new ArrayList<>();
    for (int i = 1; i <= 10; i++) {
      late.add(waiting(i, 200, 0));
    }
    BatchDecision decision = decide(perfect, state(60, List.of(), late, 1000));
    assertThat(admitted(decision)).containsExactly(1L, 2L, 3L, 4L);
    assertThat(decision.admit()).allMatch(admission -> admission.why() == Admission.Why.ROOM);
    BatchState busy = state(60, List.of(running(11, 200, 10, 0.2)), late, 1000);
    assertThat(decide(perfect, busy).admit()).isEmpty();
  }

  @Test
  void objectivesPreferDifferentRequests() {
    // Perfect so far and about to be late; and late for long.
    BatchRequest fresh = waiting(1, 600, 59.5);
    BatchRequest late = waiting(2, 600, 10);
    BatchState state = state(60, List.of(), List.of(fresh, late), 1000);
    for (Objective objective : Objective.values()) {
      assertThat(admitted(decide(PUBLISHED.withObjective(objective), state)))
          .as("%s", objective)
          .containsExactly(objective == Objective.MAX_MIN ? 2L : 1L);
    }
  }

  @Test
  void whoHasWaitedTooLongIsPromoted() {
    List<BatchRequest> run = List.of(running(1, 500, 200, 0.295), running(2, 500, 200, 0.295));
    List<BatchRequest> wait =
        List.of(waiting(3, 100, 50), waiting(4, 600, -10), waiting(5, 700, -1));
    BatchPolicy bounded = PUBLISHED.withStarvation(new StarvationBound(60, 10, 0.2));
    BatchDecision decision = decide(bounded, state(60, run, wait, 1000));
    Admission first = decision.admit().getFirst();
    assertThat(first.request().arrival()).isEqualTo(4);
    assertThat(first.why()).isEqualTo(Admission.Why.STARVED);
    assertThat(first.victims()).hasSize(2);
    assertThat(admitted(decide(PUBLISHED, state(60, run, wait, 1000)))).doesNotContain(4L);
  }

  @Test
  void whoJustBeganStaysAndNobodyPassesThePromotedMeanwhile() {
    BatchRequest young =
        new BatchRequest(1, 500, 0, Reading.none(Requests.SPEC), nanos(55), nanos(55));
    List<BatchRequest> wait = List.of(waiting(2, 600, -10), waiting(3, 100, 59.9));
    BatchPolicy bounded = PUBLISHED.withStarvation(new StarvationBound(60, 10, 0.2));
    BatchDecision held = decide(bounded, state(60, List.of(young), wait, 1000));
    assertThat(held.admit()).isEmpty();
    assertThat(held.preempted()).isEmpty();
    BatchDecision later = decide(bounded, state(65, List.of(young), wait, 1000));
    assertThat(later.admit().getFirst().request().arrival()).isEqualTo(2);
    assertThat(arrivals(later.preempted())).containsExactly(1L);
  }

  @Test
  void promotionsStallTheBatchForNoMoreThanTheirShare() {
    BatchPolicy bounded = PUBLISHED.withStarvation(new StarvationBound(60, 0, 0.2));
    List<BatchRequest> wait = List.of(waiting(2, 600, -10));
    for (double since : new double[] {4.9, 5.1}) {
      BatchState state =
          new BatchState(
              nanos(60),
              List.of(running(1, 500, 200, 0.295)),
              wait,
              1000,
              100,
              FAST,
              Requests.recomputing(new PrefillCoefficients(1, 0, 0)),
              new BatchState.History(2, 0, since));
      assertThat(decide(bounded, state).admit()).hasSize(since > 5 ? 1 : 0);
    }
  }

  @Test
  void aClockThatJumpsBackCountsAsStanding() {
    BatchState state =
        state(-100, List.of(running(1, 600, 10, 0.1)), List.of(waiting(2, 600, 5)), 1000);
    assertThat(decide(BatchPolicy.DEFAULT, state).batch()).hasSize(1);
  }

  @Test
  void nothingIsDecidedAboutNobody() {
    BatchDecision decision = decide(PUBLISHED, state(0, List.of(), List.of(), 1));
    assertThat(decision.batch()).isEmpty();
    assertThat(decision.pressure()).isFalse();
  }

  @Test
  void refusesStatesAndPoliciesThatAreNone() {
    BatchRequest one = waiting(1, 5, 0);
    assertThatThrownBy(() -> state(0, List.of(one), List.of(one), 10))
        .hasMessageContaining("share arrival 1");
    assertThatThrownBy(() -> state(0, List.of(), List.of(), 0)).hasMessageContaining("capacity");
    assertThatThrownBy(() -> waiting(1, 0, 0)).hasMessageContaining("context token");
    assertThatThrownBy(() -> new BatchState.History(-1, 0, 0)).hasMessageContaining("history");
    assertThatThrownBy(() -> PUBLISHED.withHorizon(0)).hasMessageContaining("horizon");
    assertThatThrownBy(() -> new PreemptionRule.Capped(-1)).hasMessageContaining("negative");
    assertThatThrownBy(() -> new StarvationBound(0, 0, 1)).hasMessageContaining("maxWait");
    assertThatThrownBy(() -> new StarvationBound(1, 0, 0)).hasMessageContaining("stallShare");
    BatchPolicy d = BatchPolicy.DEFAULT;
    assertThatThrownBy(
            () ->
                new BatchPolicy(
                    d.estimator(), d.objective(), d.preemption(), d.starvation(), 1, 1.1, 1, 1))
        .hasMessageContaining("trigger");
    assertThatThrownBy(
            () ->
                new BatchPolicy(
                    d.estimator(), d.objective(), d.preemption(), d.starvation(), 1, 1, 0.9, 1))
        .hasMessageContaining("hysteresis");
  }
}
