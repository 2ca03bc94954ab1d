package dev.andante.engine.runtime;

import dev.andante.compute.Backend;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.engine.DraftSource;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.Scheduling;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.LowerTiers;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.kvcache.RecomputeCost;
import dev.andante.engine.scheduler.Pace;
import dev.andante.engine.scheduler.PolicySource;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepTime;
import dev.andante.engine.tiers.KvTiers;
import dev.andante.engine.transfer.Transfers;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;

/** Starts engines. */
public final class Engines {

  /** Messages that may wait beside one per request. */
  private static final int MAILBOX_EXTRA = 4096;

  private static final ThreadFactory THREADS =
      Thread.ofPlatform().name("andante-engine").daemon(true).factory();

  private Engines() {}

  /** As the others, with the system's clock and a thread of no particular kind. */
  public static Engine start(
      EngineConfig config,
      LanguageModel model,
      Backend backend,
      EngineObserver observer,
      DraftSource drafts,
      Set<Integer> endTokenIds) {
    return start(config, model, backend, observer, drafts, endTokenIds, System::nanoTime, THREADS);
  }

  /** As the other one, with the policy that the configuration names. */
  public static Engine start(
      EngineConfig config,
      LanguageModel model,
      Backend backend,
      EngineObserver observer,
      DraftSource drafts,
      Set<Integer> endTokenIds,
      LongSupplier nanoTime,
      ThreadFactory threads) {
    return start(
        config,
        model,
        backend,
        observer,
        drafts,
        endTokenIds,
        nanoTime,
        threads,
        PolicySource.CONFIGURED);
  }

  /**
   * Allocates the KV pool and the workspace and starts the engine thread.
   *
   * @param model stays the caller's; must outlive the engine
   * @param backend that the model's weights are loaded in; stays the caller's
   * @param drafts the engine's from now on, closed with it
   * @param endTokenIds tokens that end an answer unless ignore_eos
   * @param nanoTime monotonic nanoseconds, for leases and statistics
   * @param threads makes the engine thread, a daemon
   * @param policies asked once for the scheduling policy
   * @throws dev.andante.compute.BackendException if there is not enough memory
   * @throws IllegalArgumentException if the tiers below the pool cannot be had
   */
  public static Engine start(
      EngineConfig config,
      LanguageModel model,
      Backend backend,
      EngineObserver observer,
      DraftSource drafts,
      Set<Integer> endTokenIds,
      LongSupplier nanoTime,
      ThreadFactory threads,
      PolicySource policies) {
    KvLayout layout = model.kvLayout(config.blockSize(), config.kvDtype());
    int maxRows = Math.max(config.maxBatchTokens(), config.maxSequences());
    int maxLogitRows =
        (int) Math.min(maxRows, (long) config.maxSequences() * (1 + config.maxDraftTokens()));
    List<KvEvent> events = new ArrayList<>();
    StepTime stepTime = new StepTime();
    KvPool pool = backend.allocateKv(layout, config.blocks());
    Workspace workspace;
    LowerTiers tiers;
    try {
      tiers =
          KvTiers.open(
              config.tiers(),
              pool,
              stepTime::addedSeconds,
              events::add,
              observer.kvTiers(),
              nanoTime);
      workspace = workspace(model, maxRows, maxLogitRows, tiers);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
    int vocabulary = model.config().vocabularySize();
    BlockPool blocks =
        new BlockPool(
            config.blocks(),
            config.prefixCachePolicy().create(config.blocks(), recomputeCost(config, model)),
            events::add,
            tiers);
    PrefixCache cache =
        new PrefixCache(
            blocks,
            config.blockSize(),
            model.fingerprint(),
            pool::copy,
            config.prefixCache(),
            tiers);
    Scheduling scheduling = config.scheduling();
    Scheduler scheduler =
        new Scheduler(
            cache,
            config.maxBatchTokens(),
            config.maxSequences(),
            maxLogitRows,
            policies.create(config, cache, stepTime, nanoTime, observer),
            new Pace(scheduling.tokenInterval(), scheduling.minChunk(), stepTime));
    EngineCore core =
        new EngineCore(
            config,
            blocks,
            events,
            cache,
            scheduler,
            new Transfers(pool, blocks, cache, config.lease().toNanos(), nanoTime),
            new StepRunner(model, backend, pool, workspace, scheduler),
            new DraftBook(
                drafts,
                config.maxDraftTokens(),
                vocabulary,
                config.draftWait().toNanos(),
                stepTime),
            new Admission(
                vocabulary,
                model.config().contextLength(),
                (long) config.blocks() * config.blockSize()),
            observer,
            Set.copyOf(endTokenIds),
            nanoTime);
    EngineThread engine =
        new EngineThread(
            core,
            pool,
            config.maxSequences() + config.maxWaiting() + MAILBOX_EXTRA,
            nanoTime,
            threads);
    engine.start();
    return engine;
  }

  private static Workspace workspace(
      LanguageModel model, int maxRows, int maxLogitRows, LowerTiers tiers) {
    try {
      return model.workspace(maxRows, maxLogitRows);
    } catch (RuntimeException e) {
      tiers.close();
      throw e;
    }
  }

  /** As of a dense model; where experts take turns, attention weighs somewhat else. */
  private static RecomputeCost recomputeCost(EngineConfig config, LanguageModel model) {
    ModelConfig shape = model.config();
    long perLayer =
        (long) shape.hiddenSize() * shape.headDim() * 2 * (shape.heads() + shape.kvHeads())
            + 3L * shape.hiddenSize() * shape.feedForwardSize();
    return RecomputeCost.of(
        perLayer * shape.layers(),
        shape.layers(),
        shape.heads() * shape.headDim(),
        config.blockSize());
  }
}
