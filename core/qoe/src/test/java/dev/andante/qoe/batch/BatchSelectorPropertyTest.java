package dev.andante.qoe.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.estimate.HorizonEstimator;
import dev.andante.qoe.estimate.Objective;
import dev.andante.qoe.estimate.ReleasedEstimator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;

/** What holds for every state, whatever the policy. */
class BatchSelectorPropertyTest {

  private static final List<Objective> OBJECTIVES = List.of(Objective.values());

  private static BatchPolicy policy(Random random) {
    List<BatchPolicy> estimators =
        List.of(
            BatchPolicy.DEFAULT,
            BatchPolicy.DEFAULT.withEstimator(new HorizonEstimator(QoeMetric.V1)),
            BatchPolicy.DEFAULT.withEstimator(new ReleasedEstimator()));
    BatchPolicy policy = estimators.get(random.nextInt(3)).withHorizon(1 + random.nextInt(60));
    policy =
        policy.withPreemption(
            switch (random.nextInt(3)) {
              case 0 -> new PreemptionRule.OverheadAware();
              case 1 -> new PreemptionRule.Capped(random.nextInt(3));
              default -> new PreemptionRule.PricedTime();
            });
    if (random.nextBoolean()) {
      policy =
          policy.withStarvation(
              new StarvationBound(1 + random.nextInt(60), random.nextInt(20), 0.5));
    }
    return policy.withObjective(OBJECTIVES.get(random.nextInt(OBJECTIVES.size())));
  }

  @Property(tries = 2000)
  void whoRunsFitsAndEveryRequestIsAccountedFor(@ForAll long seed) {
    Random random = new Random(seed);
    BatchPolicy policy = policy(random);
    BatchState state = Requests.random(random);
    BatchDecision decision = new BatchSelector(policy).decide(state);

    assertThat(BatchState.tokens(decision.batch())).isLessThanOrEqualTo(state.capacityTokens());
    assertThat(decision.batch()).hasSizeLessThanOrEqualTo(state.maxBatch());
    assertThat(Stream.concat(decision.keep().stream(), decision.preempted().stream()))
        .containsExactlyInAnyOrderElementsOf(state.running());
    assertThat(state.waiting())
        .containsAll(decision.admit().stream().map(Admission::request).toList())
        .containsAll(decision.refuse());
    assertThat(decision.admit().stream().map(Admission::request)).doesNotHaveDuplicates();
    for (BatchRequest request : state.waiting()) {
      assertThat(decision.refuse().contains(request))
          .isEqualTo(request.contextTokens() > state.capacityTokens());
    }
    boolean anyFits =
        Stream.concat(state.running().stream(), state.waiting().stream())
            .anyMatch(request -> request.contextTokens() <= state.capacityTokens());
    assertThat(decision.batch().isEmpty()).isEqualTo(!anyFits);
    assertThat(decision.shed()).as("they fitted").isEmpty();
  }

  @Property(tries = 1000)
  void belowTheTriggerNobodyLeavesAndAllEnter(@ForAll long seed) {
    Random random = new Random(seed);
    BatchPolicy policy = policy(random);
    BatchState state = Requests.random(random);
    BatchDecision decision = new BatchSelector(policy).decide(state);
    List<BatchRequest> all = new ArrayList<>(state.running());
    state.waiting().stream()
        .filter(request -> request.contextTokens() <= state.capacityTokens())
        .forEach(all::add);
    double fastest =
        all.stream().mapToDouble(r -> 1 / r.reading().spec().tokensPerSecond()).min().orElse(1);
    long tokens = BatchState.tokens(all);
    boolean pressure =
        tokens > 0.9 * state.capacityTokens()
            || all.size() > state.maxBatch()
            || (!all.isEmpty() && state.decode().seconds(all.size(), tokens) > fastest);
    assertThat(decision.pressure()).isEqualTo(pressure);
    if (!pressure) {
      assertThat(decision.preempted()).isEmpty();
      assertThat(decision.batch()).containsExactlyInAnyOrderElementsOf(all);
    }
  }

  @Property(tries = 1000)
  void theOrderOfTheInputDoesNotMatter(@ForAll long seed) {
    Random random = new Random(seed);
    BatchPolicy policy = policy(random);
    BatchState state = Requests.random(random);
    List<BatchRequest> running = new ArrayList<>(state.running());
    List<BatchRequest> waiting = new ArrayList<>(state.waiting());
    Collections.shuffle(running, random);
    Collections.shuffle(waiting, random);
    BatchState shuffled =
        new BatchState(
            state.nowNanos(),
            running,
            waiting,
            state.capacityTokens(),
            state.maxBatch(),
            state.decode(),
            state.costs(),
            state.history());
    BatchSelector selector = new BatchSelector(policy);
    assertThat(selector.decide(shuffled)).isEqualTo(selector.decide(state));
  }

  @Property(tries = 1000)
  void theCapIsKept(@ForAll long seed, @ForAll @DoubleRange(min = 0, max = 2) double cap) {
    BatchState state = Requests.random(new Random(seed));
    BatchPolicy policy =
        BatchPolicy.DEFAULT
            .withPreemption(new PreemptionRule.Capped(cap))
            .withStarvation(StarvationBound.NONE);
    int preemptions = new BatchSelector(policy).decide(state).preempted().size();
    BatchState.History history = state.history();
    if (preemptions > 0) {
      assertThat(history.preemptions() + preemptions)
          .isLessThanOrEqualTo((long) (cap * history.requests()));
    }
  }

  /** And whoever lets the longest-waiting one wait on has a reason. */
  @Property(tries = 2000)
  void theStarvedAreAdmittedOrNobodyIs(@ForAll long seed) {
    Random random = new Random(seed);
    StarvationBound bound = new StarvationBound(1 + random.nextInt(50), random.nextInt(30), 0.5);
    BatchState state = Requests.random(random);
    BatchPolicy policy = policy(random).withStarvation(bound);
    BatchDecision decision = new BatchSelector(policy).decide(state);
    BatchRequest longest =
        state.waiting().stream()
            .filter(request -> request.contextTokens() <= state.capacityTokens())
            .max(Comparator.comparingDouble(request -> request.stalledSeconds(state.nowNanos())))
            .orElse(null);
    List<BatchRequest> young =
        state.running().stream()
            .filter(r -> r.sinceSeconds(state.nowNanos()) < bound.minServiceSeconds())
            .toList();
    assertThat(decision.keep()).as("the young stay").containsAll(young);
    if (!decision.pressure()) {
      decision
          .promoted()
          .ifPresent(
              one -> {
                assertThat(one).isEqualTo(decision.prompts().getFirst());
                assertThat(one.stalledSeconds(state.nowNanos()))
                    .isGreaterThanOrEqualTo(bound.maxWaitSeconds());
              });
      return;
    }
    if (longest == null || longest.stalledSeconds(state.nowNanos()) < bound.maxWaitSeconds()) {
      assertThat(decision.admit()).noneMatch(admission -> admission.why() == Admission.Why.STARVED);
      return;
    }
    double stall = state.costs().startSeconds(longest) + state.costs().preemptSeconds(longest);
    boolean inTurn = stall <= bound.stallShare() * state.history().secondsSincePromotion();
    boolean room =
        BatchState.tokens(young) + longest.contextTokens() <= state.capacityTokens()
            && young.size() < state.maxBatch();
    if (inTurn && room) {
      assertThat(decision.admit().getFirst().request()).isEqualTo(longest);
      assertThat(decision.admit().getFirst().why()).isEqualTo(Admission.Why.STARVED);
    } else if (inTurn) {
      assertThat(decision.admit()).isEmpty();
    }
  }
}
