package dev.andante.simulator.cost;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.scheduler.FirstComeFirstServed;
import dev.andante.simulator.serving.Outcome;
import dev.andante.simulator.serving.Simulation;
import dev.andante.simulator.trace.GeneratedTrace;
import dev.andante.simulator.trace.Trace;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class SaturationTest {

  /** Ramp-up and the last answers cost a simulated run a little of what the formula promises. */
  @Test
  void anOverloadedEngineServesAboutThatMuch() {
    Profile profile = Profiles.named("opt-66b-a100").orElseThrow();
    Trace trace = GeneratedTrace.poisson(3000, 4);
    double saturation = Saturation.requestsPerSecond(profile, trace.requests());
    Outcome outcome =
        new Simulation(
                profile,
                served -> served.inChunks(new FirstComeFirstServed()),
                trace.atRate(3 * saturation),
                512)
            .run();
    assertThat(outcome.requests().size() / outcome.seconds())
        .isCloseTo(saturation, Percentage.withPercentage(12));
  }
}
