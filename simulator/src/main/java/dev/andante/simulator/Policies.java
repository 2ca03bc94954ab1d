package dev.andante.simulator;

import dev.andante.engine.scheduler.FirstComeFirstServed;
import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.batch.BatchPolicy;
import dev.andante.qoe.batch.PreemptionRule;
import dev.andante.qoe.batch.StarvationBound;
import dev.andante.qoe.estimate.HorizonEstimator;
import dev.andante.qoe.estimate.ReleasedEstimator;
import dev.andante.simulator.serving.RoundRobin;
import dev.andante.simulator.serving.ServingPolicy;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** The policies that can be tried. */
enum Policies {
  /** First come, first served; prompts whole, as vLLM without chunked prefill. */
  FCFS(served -> served.inWhole(new FirstComeFirstServed())),
  /** In turns of 50 steps, as Andes v1's baseline; prompts whole. */
  RR(served -> served.inWhole(new RoundRobin(50))),
  /** FastServe's skip-join queues with its parameters; prompts whole. */
  MLFQ(served -> served.inWhole(served.mlfq())),
  /** First come, first served; prompts in chunks (Sarathi-Serve, arXiv 2403.02310). */
  SARATHI(served -> served.inChunks(new FirstComeFirstServed())),
  /** By quality of experience; prompts in chunks. The others are the same but for one part. */
  QOE(ours(it -> it)),
  /** With v2's refiner. */
  QOE_REFINER(ours(it -> it.withPreemption(new PreemptionRule.OverheadAware()))),
  /** With v1's cap of one preemption a request. */
  QOE_CAPPED(ours(it -> it.withPreemption(new PreemptionRule.Capped(1)))),
  /** With nothing that keeps preemptions few. */
  QOE_BLIND(ours(it -> it.withPreemption(new PreemptionRule.Capped(Double.MAX_VALUE)))),
  /** With the estimate of the authors' released code. */
  QOE_RELEASED(ours(it -> it.withEstimator(new ReleasedEstimator()))),
  /** For QoE as v1 defines it. */
  QOE_V1(ours(it -> it.withEstimator(new HorizonEstimator(QoeMetric.V1)))),
  /** Without preferring those who run. */
  QOE_FICKLE(ours(it -> it.withHysteresis(1))),
  /** Looking less far ahead. */
  QOE_NEAR(ours(it -> it.withHorizon(20))),
  /** Looking further ahead. */
  QOE_FAR(ours(it -> it.withHorizon(100))),
  /** With four times as much time for those who waited too long. */
  QOE_PROMOTING(ours(it -> it.withStarvation(new StarvationBound(60, 10, 0.2)))),
  /** Without a bound on waiting. */
  QOE_UNBOUNDED(ours(it -> it.withStarvation(StarvationBound.NONE)));

  /** What is tried unless told otherwise; the others are ablations. */
  static final List<Policies> USUAL = List.of(FCFS, RR, MLFQ, SARATHI, QOE);

  @SuppressWarnings("ImmutableEnumChecker") // a function without state of its own
  private final ServingPolicy policy;

  Policies(ServingPolicy policy) {
    this.policy = policy;
  }

  private static ServingPolicy ours(UnaryOperator<BatchPolicy> change) {
    BatchPolicy policy = change.apply(BatchPolicy.DEFAULT);
    return served -> served.inChunks(served.qoe(policy));
  }

  ServingPolicy policy() {
    return policy;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * @throws UsageException if there is none of that name
   */
  static Policies named(String label) {
    return Arrays.stream(values())
        .filter(policy -> policy.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new UsageException(
                    "there is no policy '%s'; there are %s"
                        .formatted(
                            label,
                            Arrays.stream(values())
                                .map(Policies::label)
                                .collect(Collectors.joining(", ")))));
  }
}
