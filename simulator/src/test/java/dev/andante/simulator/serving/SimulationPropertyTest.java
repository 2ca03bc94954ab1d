package dev.andante.simulator.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.trace.Trace;
import dev.andante.simulator.trace.TraceRequest;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What holds for every policy, machine and trace. */
class SimulationPropertyTest {

  /** Found by the property below: whom the policy let run lacked blocks that nobody could lose. */
  @Example
  void nobodyWaitsForBlocksThatAreHeldForEver() {
    everyTokenOfTheTraceComesOutOnceAndRunsAreEqual(TestPolicies.QOE, 0, 27, 0, 3, 25);
    everyTokenOfTheTraceComesOutOnceAndRunsAreEqual(TestPolicies.QOE, 36, 27, 0, 3, 25);
  }

  /** The simulation itself compares blocks with their owners, and fails if anybody is left. */
  @Property(tries = 120)
  void everyTokenOfTheTraceComesOutOnceAndRunsAreEqual(
      @ForAll TestPolicies policy,
      @ForAll @IntRange(max = 100_000) int seed,
      @ForAll @IntRange(min = 12, max = 60) int blocks,
      @ForAll @IntRange(max = 80) int hostBlocks,
      @ForAll @IntRange(min = 1, max = 8) int maxSequences,
      @ForAll @IntRange(min = 1, max = 40) int perSecond) {
    Profile profile = TestProfiles.profile(blocks, maxSequences).withHost(4L * hostBlocks, 0.001);
    Trace trace = TestProfiles.random(seed, 60, perSecond, 40);
    Outcome outcome = new Simulation(profile, policy.policy(), trace, 512).run();
    assertThat(outcome.requests()).hasSize(trace.requests().size());
    long expected = 0;
    for (RequestOutcome one : outcome.requests()) {
      TraceRequest asked = trace.requests().get(one.index());
      assertThat(one.rejected()).isEqualTo(!profile.holds(asked.totalTokens()));
      assertThat(one.tokens()).isEqualTo(one.rejected() ? 0 : asked.outputTokens());
      assertThat(one.qoeV2()).isBetween(0.0, 1.0);
      assertThat(one.rejected() && one.qoeV1() + one.qoeV2() > 0).isFalse();
      expected += one.tokens();
    }
    assertThat(outcome.tokens()).isEqualTo(expected);
    assertThat(outcome.busySeconds()).isLessThanOrEqualTo(outcome.seconds());
    Outcome again = new Simulation(profile, policy.policy(), trace, 512).run();
    assertThat(again.eventLog()).isEqualTo(outcome.eventLog());
    assertThat(again.requests()).isEqualTo(outcome.requests());
  }
}
