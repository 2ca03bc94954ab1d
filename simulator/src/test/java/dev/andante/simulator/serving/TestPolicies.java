package dev.andante.simulator.serving;

import dev.andante.engine.scheduler.FirstComeFirstServed;
import dev.andante.qoe.batch.BatchPolicy;

/** One of each kind. */
enum TestPolicies {
  FCFS(served -> served.inWhole(new FirstComeFirstServed())),
  SARATHI(served -> served.inChunks(new FirstComeFirstServed())),
  RR(served -> served.inWhole(new RoundRobin(3))),
  MLFQ(served -> served.inWhole(served.mlfq())),
  QOE(served -> served.inChunks(served.qoe(BatchPolicy.DEFAULT)));

  @SuppressWarnings("ImmutableEnumChecker") // a function that holds nothing
  private final ServingPolicy policy;

  TestPolicies(ServingPolicy policy) {
    this.policy = policy;
  }

  ServingPolicy policy() {
    return policy;
  }
}
