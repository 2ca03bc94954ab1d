package dev.andante.benchmarks.scheduling;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.FinishReason;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.Scheduling;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.qoe.QoePolicy;
import dev.andante.engine.request.GenerationDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.scheduler.Pace;
import dev.andante.engine.scheduler.PolicySource;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.engine.scheduler.StepTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;

/**
 * A scheduler with as many running requests as it may have and a quarter as many waiting. A step
 * plans, books a token for each request that runs, and now and then ends an answer and lets another
 * request come. Steps take 20 ms by the clock that the policy sees. Not thread-safe.
 */
public final class SteadyLoad {

  /** Who of the requests may run. */
  public enum Policy {
    FCFS(Scheduling.Policy.FCFS),
    PRIORITY(Scheduling.Policy.PRIORITY),
    MLFQ(Scheduling.Policy.MLFQ),
    /** Not one of the engine's own, but supplied to it. */
    QOE(Scheduling.Policy.FCFS);

    private final Scheduling.Policy configured;

    Policy(Scheduling.Policy configured) {
      this.configured = configured;
    }

    private PolicySource source() {
      return this == QOE ? QoePolicy.source() : PolicySource.CONFIGURED;
    }
  }

  private static final int BLOCK_SIZE = 16;
  private static final int PROMPT = 64;
  private static final int ANSWER = 200;
  private static final long STEP_NANOS = 20_000_000;

  private final BlockPool pool;
  private final Scheduler scheduler;
  private long arrivals;
  private long now;

  /**
   * After so many steps that answers end in all of those that follow.
   *
   * @param running requests at once
   */
  public SteadyLoad(Policy policy, int running) {
    int blocks = 2 * running * (PROMPT + 2 * ANSWER) / BLOCK_SIZE;
    Scheduling scheduling = Scheduling.DEFAULT.with(policy.configured).with(Duration.ofMillis(100));
    EngineConfig config =
        EngineConfig.builder(BLOCK_SIZE, blocks)
            .maxBatchTokens(2 * running)
            .maxSequences(running)
            .maxWaiting(running)
            .build()
            .with(scheduling);
    StepTime stepTime = new StepTime();
    pool = new BlockPool(blocks);
    PrefixCache cache = new PrefixCache(pool, BLOCK_SIZE, "m", (from, to) -> {}, true);
    scheduler =
        new Scheduler(
            cache,
            config.maxBatchTokens(),
            config.maxSequences(),
            config.maxSequences(),
            policy.source().create(config, cache, stepTime, () -> now, EngineObserver.NONE),
            new Pace(scheduling.tokenInterval(), scheduling.minChunk(), stepTime));
    for (int i = 0; i < running + running / 4; i++) {
      scheduler.add(request());
    }
    for (int i = 0; i < ANSWER; i++) {
      step();
    }
  }

  /** One step; returns its rows. */
  public int step() {
    StepPlan plan = scheduler.schedule();
    for (ScheduledRequest scheduled : plan.scheduled()) {
      Request request = scheduled.request();
      FinishReason reason = scheduled.samples() ? request.append((int) now & 1023) : null;
      scheduler.update(scheduled, 0);
      if (reason != null) {
        request.become(RequestState.FINISHED_LENGTH);
        scheduler.remove(request);
        scheduler.add(request());
      }
    }
    now += STEP_NANOS;
    scheduler.ran(plan, STEP_NANOS);
    return plan.rows();
  }

  /** Answers of various lengths, so that they do not all end at once. */
  private Request request() {
    long arrival = arrivals++;
    int[] prompt = new int[PROMPT];
    Arrays.setAll(prompt, i -> (int) (arrival * 31 + i * 7L) & 1023);
    return new Request(
        new Attempt("r" + arrival, 1),
        arrival,
        PromptTokens.of(prompt),
        SamplingParams.GREEDY,
        new StopParams(ANSWER + (int) (arrival * 37 % ANSWER), 0, true, Set.of()),
        StopMatcher.NONE,
        Set.of(),
        false,
        new GenerationDelivery(RequestListener.NONE),
        new BlockTable(pool, BLOCK_SIZE),
        PROMPT + 2 * ANSWER,
        new RequestTimes(now, Engine.NO_LIMIT));
  }
}
