package dev.andante.simulator.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.QoeOverride;
import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.trace.GeneratedTrace;
import dev.andante.simulator.trace.Trace;
import dev.andante.simulator.trace.TraceRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is known of queues without a simulation. */
class QueueTheoryTest {

  /** One at a time, each for as long as its prompt takes: M/D/1. */
  @ParameterizedTest
  @ValueSource(doubles = {0.5, 0.7, 0.8})
  void meanWaitIsThatOfOneServerWithConstantServiceTime(double utilisation) {
    int prompt = 8;
    double service = TestProfiles.COST.prefill().seconds(prompt, 0);
    double rate = utilisation / service;
    Profile profile = TestProfiles.profile(16, 1);
    Outcome outcome =
        new Simulation(profile, TestPolicies.FCFS.policy(), poisson(400_000, rate, prompt), 512)
            .run();
    double wait =
        outcome.requests().stream().mapToDouble(one -> one.seconds() - service).average().orElse(0);
    double expected = rate * service * service / (2 * (1 - rate * service));
    assertThat(wait).isCloseTo(expected, Percentage.withPercentage(2));
    assertThat(outcome.busySeconds() / outcome.seconds()).isCloseTo(utilisation, within(0.01));
  }

  private static Trace poisson(int requests, double rate, int prompt) {
    RandomGenerator random = GeneratedTrace.random(11, 1);
    List<TraceRequest> drawn = new ArrayList<>(requests);
    double arrival = 0;
    for (int i = 0; i < requests; i++) {
      drawn.add(new TraceRequest(arrival, prompt, 1, List.of(), QoeOverride.NONE));
      arrival += random.nextExponential() / rate;
    }
    return new Trace("M/D/1", drawn, 0);
  }

  /** L = λW, each measured on its own. */
  @ParameterizedTest
  @EnumSource
  void littlesLaw(TestPolicies policy) {
    Trace trace = TestProfiles.random(5, 2000, 6, 40);
    Outcome outcome =
        new Simulation(TestProfiles.profile(60, 8), policy.policy(), trace, 512).run();
    double present = outcome.presentSeconds() / outcome.seconds();
    double rate = outcome.requests().size() / outcome.seconds();
    double stay =
        outcome.requests().stream().mapToDouble(RequestOutcome::seconds).average().orElse(0);
    assertThat(present).isCloseTo(rate * stay, Percentage.withPercentage(1));
    assertThat(outcome.busySeconds()).isLessThanOrEqualTo(outcome.seconds());
  }

  @Test
  void oneRequestTakesTheSumOfItsParts() {
    int prompt = 40; // in chunks of 16, 16 and 8
    int output = 9;
    double expected =
        TestProfiles.COST.prefill().seconds(16, 0)
            + TestProfiles.COST.prefill().seconds(16, 16)
            + TestProfiles.COST.prefill().seconds(8, 32);
    double first = expected;
    for (int i = 1; i < output; i++) {
      expected += TestProfiles.COST.decode().seconds(1, prompt + i);
    }
    Outcome outcome =
        new Simulation(
                TestProfiles.profile(16, 4),
                TestPolicies.SARATHI.policy(),
                TestProfiles.trace(TestProfiles.request(0, prompt, output)),
                512)
            .run();
    RequestOutcome only = outcome.requests().getFirst();
    assertThat(only.firstTokenSeconds().orElseThrow()).isCloseTo(first, within(1e-7));
    assertThat(only.seconds()).isCloseTo(expected, within(1e-7));
    assertThat(outcome.busySeconds()).isCloseTo(expected, within(1e-7));
  }

  /** The first token of a prompt is not there before those ahead of it are done. */
  @Test
  void waitingCountsForTheFirstToken() {
    Outcome outcome =
        new Simulation(
                TestProfiles.profile(16, 1),
                TestPolicies.FCFS.policy(),
                TestProfiles.trace(TestProfiles.request(0, 8, 1), TestProfiles.request(0, 8, 1)),
                512)
            .run();
    double service = TestProfiles.COST.prefill().seconds(8, 0);
    assertThat(outcome.requests())
        .extracting(one -> Math.round(one.firstTokenSeconds().orElseThrow() / service))
        .containsExactly(1L, 2L);
  }
}
