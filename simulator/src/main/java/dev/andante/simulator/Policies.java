package dev.andante.simulator;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.qoe.QoePolicy;
import dev.andante.engine.scheduler.FirstComeFirstServed;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.SkipJoinMlfq;
import dev.andante.qoe.batch.BatchPolicy;
import dev.andante.qoe.batch.PreemptionRule;
import dev.andante.qoe.batch.StarvationBound;
import dev.andante.qoe.estimate.ReleasedEstimator;
import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.serving.RoundRobin;
import dev.andante.simulator.serving.Served;
import dev.andante.simulator.serving.ServingPolicy;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The policies that can be tried. */
enum Policies implements ServingPolicy {
  /** First come, first served; prompts whole, as vLLM without chunked prefill. */
  FCFS {
    @Override
    public Scheduler scheduler(Served served) {
      return served.inWhole(new FirstComeFirstServed());
    }
  },
  /** In turns of 50 steps, as Andes v1's baseline; prompts whole. */
  RR {
    @Override
    public Scheduler scheduler(Served served) {
      return served.inWhole(new RoundRobin(TURN));
    }
  },
  /** FastServe's skip-join queues with its parameters; prompts whole. */
  MLFQ {
    @Override
    public Scheduler scheduler(Served served) {
      return served.inWhole(
          new SkipJoinMlfq(
              Scheduling.DEFAULT,
              served.profile().wholeTokens(),
              served.stepTime(),
              served.nanoTime(),
              EngineObserver.NONE));
    }
  },
  /** First come, first served; prompts in chunks (Sarathi-Serve, arXiv 2403.02310). */
  SARATHI {
    @Override
    public Scheduler scheduler(Served served) {
      return served.inChunks(new FirstComeFirstServed());
    }
  },
  /** By quality of experience; prompts in chunks. */
  QOE {
    @Override
    public Scheduler scheduler(Served served) {
      return qoe(served, BatchPolicy.DEFAULT);
    }
  },
  /** The same with v1's cap of one preemption a request in place of the refiner. */
  QOE_CAPPED {
    @Override
    public Scheduler scheduler(Served served) {
      return qoe(served, BatchPolicy.DEFAULT.withPreemption(new PreemptionRule.Capped(1)));
    }
  },
  /** The same with the estimate of the authors' released code. */
  QOE_RELEASED {
    @Override
    public Scheduler scheduler(Served served) {
      return qoe(served, BatchPolicy.DEFAULT.withEstimator(new ReleasedEstimator()));
    }
  },
  /** The same without a bound on waiting. */
  QOE_UNBOUNDED {
    @Override
    public Scheduler scheduler(Served served) {
      return qoe(served, BatchPolicy.DEFAULT.withStarvation(StarvationBound.NONE));
    }
  };

  /** What is tried unless told otherwise; the others are ablations. */
  static final List<Policies> USUAL = List.of(FCFS, RR, MLFQ, SARATHI, QOE);

  private static final int TURN = 50;

  private static Scheduler qoe(Served served, BatchPolicy policy) {
    Profile profile = served.profile();
    return served.inChunks(
        new QoePolicy(
            policy,
            new QoePolicy.Limits(profile.blockSize(), profile.blocks(), profile.maxSequences()),
            QoePolicy.INTERVAL,
            served.readers(),
            served.nanoTime()));
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
