package dev.andante.simulator.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.trace.Trace;
import org.junit.jupiter.api.Test;

class RoundRobinTest {

  /** With one place, the second comes after a turn of the first, and not after all of it. */
  @Test
  void requestsTakeTurns() {
    Profile profile = TestProfiles.profile(16, 1);
    Trace trace =
        TestProfiles.trace(TestProfiles.request(0, 4, 30), TestProfiles.request(0, 4, 30));
    assertThat(secondFirstToken(TestPolicies.RR, profile, trace))
        .isLessThan(secondFirstToken(TestPolicies.FCFS, profile, trace) / 5);
  }

  private static double secondFirstToken(TestPolicies policy, Profile profile, Trace trace) {
    Outcome outcome = new Simulation(profile, policy.policy(), trace, 512).run();
    return outcome.requests().stream()
        .filter(one -> one.index() == 1)
        .findFirst()
        .orElseThrow()
        .firstTokenSeconds()
        .orElseThrow();
  }
}
