package dev.andante.simulator.serving;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.qoe.QoePolicy;
import dev.andante.engine.scheduler.FirstComeFirstServed;
import dev.andante.engine.scheduler.SkipJoinMlfq;
import dev.andante.qoe.batch.BatchPolicy;

/** One of each kind. */
enum TestPolicies {
  FCFS(served -> served.inWhole(new FirstComeFirstServed())),
  SARATHI(served -> served.inChunks(new FirstComeFirstServed())),
  RR(served -> served.inWhole(new RoundRobin(3))),
  MLFQ(
      served ->
          served.inWhole(
              new SkipJoinMlfq(
                  Scheduling.DEFAULT,
                  served.profile().wholeTokens(),
                  served.stepTime(),
                  served.nanoTime(),
                  EngineObserver.NONE))),
  QOE(
      served ->
          served.inChunks(
              new QoePolicy(
                  BatchPolicy.DEFAULT,
                  new QoePolicy.Limits(
                      served.profile().blockSize(),
                      served.profile().blocks(),
                      served.profile().maxSequences()),
                  QoePolicy.INTERVAL,
                  served.readers(),
                  served.nanoTime())));

  @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
  private final ServingPolicy policy;

  TestPolicies(ServingPolicy policy) {
    this.policy = policy;
  }

  ServingPolicy policy() {
    return policy;
  }
}
