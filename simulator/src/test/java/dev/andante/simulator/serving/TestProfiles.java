package dev.andante.simulator.serving;

import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.PrefillCoefficients;
import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.cost.StepCost;
import dev.andante.simulator.trace.Trace;
import dev.andante.simulator.trace.TraceRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Machines and traces for tests. */
final class TestProfiles {

  static final StepCost COST =
      new StepCost(
          new PrefillCoefficients(0.010, 0.001, 1e-6), new DecodeCoefficients(0.020, 0.002, 1e-5));

  private TestProfiles() {}

  static Profile profile(int blocks, int maxSequences) {
    return new Profile("test", COST, 4, blocks, 0, 0.001, maxSequences, 16, 64);
  }

  static TraceRequest request(double arrival, int input, int output) {
    return new TraceRequest(arrival, input, output, List.of(), QoeOverride.NONE);
  }

  static Trace trace(TraceRequest... requests) {
    return new Trace("test", List.of(requests), 0);
  }

  /** Poisson arrivals of short requests. */
  static Trace random(long seed, int requests, double perSecond, int mostTokens) {
    RandomGenerator random = new SplittableRandom(seed);
    List<TraceRequest> drawn = new ArrayList<>();
    double arrival = 0;
    for (int i = 0; i < requests; i++) {
      drawn.add(request(arrival, 1 + random.nextInt(mostTokens), 1 + random.nextInt(mostTokens)));
      arrival += random.nextExponential() / perSecond;
    }
    return new Trace("random", drawn, 0);
  }
}
