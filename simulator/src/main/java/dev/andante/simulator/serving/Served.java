package dev.andante.simulator.serving;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.qoe.QoePolicy;
import dev.andante.engine.request.Request;
import dev.andante.engine.scheduler.Pace;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.SchedulingPolicy;
import dev.andante.engine.scheduler.SkipJoinMlfq;
import dev.andante.engine.scheduler.StepTime;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.batch.BatchPolicy;
import dev.andante.simulator.cost.Profile;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * What a scheduler is made from.
 *
 * @param readers what the reader of a request expects
 * @param nanoTime the virtual clock
 * @param stepTime what the scheduler learns about the time that steps take
 */
public record Served(
    Profile profile,
    PrefixCache cache,
    Function<Request, QoeSpec> readers,
    LongSupplier nanoTime,
    StepTime stepTime) {

  /** Prompts in one step, unless they are longer than a step may be at all. */
  public Scheduler inWhole(SchedulingPolicy policy) {
    return scheduler(profile.wholeTokens(), policy);
  }

  /** Prompts in chunks. */
  public Scheduler inChunks(SchedulingPolicy policy) {
    return scheduler(profile.chunkTokens(), policy);
  }

  /** FastServe's queues with its parameters. */
  public SkipJoinMlfq mlfq() {
    return new SkipJoinMlfq(
        Scheduling.DEFAULT, profile.wholeTokens(), stepTime, nanoTime, EngineObserver.NONE);
  }

  /** By quality of experience. */
  public QoePolicy qoe(BatchPolicy policy) {
    return new QoePolicy(
        policy,
        new QoePolicy.Limits(profile.blockSize(), profile.blocks(), profile.maxSequences()),
        cache,
        QoePolicy.INTERVAL,
        readers,
        nanoTime);
  }

  private Scheduler scheduler(int maxBatchTokens, SchedulingPolicy policy) {
    return new Scheduler(
        cache,
        maxBatchTokens,
        profile.maxSequences(),
        profile.maxSequences(),
        policy,
        new Pace(Duration.ZERO, 1, stepTime));
  }
}
