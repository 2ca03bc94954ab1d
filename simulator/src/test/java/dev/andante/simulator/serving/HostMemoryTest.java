package dev.andante.simulator.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.simulator.cost.Profile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What steps aside goes to the host's memory, if there is one, and comes back from it. */
class HostMemoryTest {

  private static final Profile ALONE = TestProfiles.profile(24, 8);

  private static Outcome serve(TestPolicies policy, Profile profile) {
    return new Simulation(profile, policy.policy(), TestProfiles.random(5, 120, 6, 40), 512).run();
  }

  @ParameterizedTest
  @EnumSource(names = {"RR", "QOE"})
  void whatIsLoadedNeedNotBeComputedAgain(TestPolicies policy) {
    Outcome alone = serve(policy, ALONE);
    assertThat(alone.preemptions()).isPositive();
    assertThat(serve(policy, ALONE.withHost(100_000, 1e-4)).busySeconds())
        .isLessThan(alone.busySeconds());
  }

  /** With a policy that does not look at the time, so that the same happens at the same steps. */
  @Test
  void copiesTakeTime() {
    double free = serve(TestPolicies.RR, ALONE.withHost(100_000, 0)).busySeconds();
    double cheap = serve(TestPolicies.RR, ALONE.withHost(100_000, 1e-4)).busySeconds();
    assertThat(cheap).isGreaterThan(free);
  }
}
