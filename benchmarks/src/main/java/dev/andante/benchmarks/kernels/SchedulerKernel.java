package dev.andante.benchmarks.kernels;

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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a step costs beside its computation: the plan, the booking of a token for each request that
 * runs, and now and then an answer that ends and another that begins. A quarter as many requests as
 * run are waiting. Steps take 20 ms by the clock that the policy sees.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class SchedulerKernel {

  private static final int BLOCK_SIZE = 16;
  private static final int PROMPT = 64;
  private static final int ANSWER = 200;
  private static final long STEP_NANOS = 20_000_000;

  @Param({"FCFS", "PRIORITY", "MLFQ"})
  public String policy = "";

  @Param("256")
  public int running;

  private @Nullable BlockPool pool;
  private @Nullable Scheduler scheduler;
  private long arrivals;
  private long now;

  @Setup(Level.Trial)
  public void fill() {
    int blocks = 2 * running * (PROMPT + 2 * ANSWER) / BLOCK_SIZE;
    Scheduling scheduling =
        Scheduling.DEFAULT.with(Scheduling.Policy.valueOf(policy)).with(Duration.ofMillis(100));
    EngineConfig config =
        EngineConfig.builder(BLOCK_SIZE, blocks)
            .maxBatchTokens(2 * running)
            .maxSequences(running)
            .maxWaiting(running)
            .build()
            .with(scheduling);
    StepTime stepTime = new StepTime();
    pool = new BlockPool(blocks);
    scheduler =
        new Scheduler(
            new PrefixCache(pool, BLOCK_SIZE, "m", (from, to) -> {}, true),
            config.maxBatchTokens(),
            config.maxSequences(),
            config.maxSequences(),
            PolicySource.CONFIGURED.create(config, stepTime, () -> now, EngineObserver.NONE),
            new Pace(scheduling.tokenInterval(), scheduling.minChunk(), stepTime));
    for (int i = 0; i < running + running / 4; i++) {
      scheduler.add(request());
    }
    for (int i = 0; i < ANSWER; i++) {
      schedulerStep();
    }
  }

  /** One step; returns its rows. */
  @Benchmark
  public int schedulerStep() {
    Scheduler steps = scheduler;
    if (steps == null) {
      throw new IllegalStateException("not filled");
    }
    StepPlan plan = steps.schedule();
    for (ScheduledRequest scheduled : plan.scheduled()) {
      Request request = scheduled.request();
      FinishReason reason = scheduled.samples() ? request.append((int) now & 1023) : null;
      steps.update(scheduled, 0);
      if (reason != null) {
        request.become(RequestState.FINISHED_LENGTH);
        steps.remove(request);
        steps.add(request());
      }
    }
    now += STEP_NANOS;
    steps.ran(plan, STEP_NANOS);
    return plan.rows();
  }

  /** Answers of various lengths, so that they do not all end at once. */
  private Request request() {
    BlockPool blocks = pool;
    if (blocks == null) {
      throw new IllegalStateException("not filled");
    }
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
        new BlockTable(blocks, BLOCK_SIZE),
        PROMPT + 2 * ANSWER,
        new RequestTimes(now, Engine.NO_LIMIT));
  }
}
