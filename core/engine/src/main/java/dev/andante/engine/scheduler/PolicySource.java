package dev.andante.engine.scheduler;

import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.kvcache.CachedKv;
import java.util.function.LongSupplier;

/**
 * Makes an engine's scheduling policy, once, before its thread starts. This is how a policy gets in
 * that the engine does not bring along.
 */
@FunctionalInterface
public interface PolicySource {

  /** The policy that the configuration names. */
  PolicySource CONFIGURED =
      (config, kv, stepTime, nanoTime, observer) -> {
        Scheduling scheduling = config.scheduling();
        return switch (scheduling.policy()) {
          case FCFS -> new FirstComeFirstServed();
          case PRIORITY ->
              new ByPriority(scheduling.starvationOr(ByPriority.STARVATION), nanoTime, observer);
          case MLFQ ->
              new SkipJoinMlfq(scheduling, config.maxBatchTokens(), stepTime, nanoTime, observer);
        };
      };

  /**
   * @param kv what there is of a sequence's KV; to be asked on the engine's thread only
   * @param stepTime what the engine learns about the time that steps take; to be asked on its
   *     thread only
   * @param nanoTime the engine's time source
   * @param observer hears of promotions and demotions
   */
  SchedulingPolicy create(
      EngineConfig config,
      CachedKv kv,
      StepTime stepTime,
      LongSupplier nanoTime,
      EngineObserver observer);
}
