package dev.andante.simulator.serving;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.FinishReason;
import dev.andante.engine.KvTierObserver;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.TierLimits;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.LeastRecentlyUsed;
import dev.andante.engine.kvcache.LowerTiers;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.GenerationDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.engine.scheduler.StepTime;
import dev.andante.engine.tiers.KvTiers;
import dev.andante.simulator.cost.Profile;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An engine without a backend: what it schedules, shares, evicts and preempts is decided by the
 * engine's own classes; tokens come out of nothing.
 */
final class SimulatedEngine implements AutoCloseable {

  /** A step's result for one request. */
  interface Results {

    void token(Session session);

    void finished(Session session);
  }

  private final Profile profile;
  private final int partTokens;
  private final BlockPool blocks;
  private final TimedKvPool memory;
  private final PrefixCache cache;
  private final Scheduler scheduler;
  private final Map<Request, Session> sessions = new HashMap<>();

  /**
   * @param partTokens that a name of a shared prefix stands for
   */
  SimulatedEngine(Profile profile, ServingPolicy policy, LongSupplier nanoTime, int partTokens) {
    this.profile = profile;
    this.partTokens = partTokens;
    StepTime stepTime = new StepTime();
    this.memory =
        new TimedKvPool(
            profile.blockSize(), profile.blocks(), Math.round(profile.copySeconds() * 1e9));
    LowerTiers tiers =
        KvTiers.open(
            TierLimits.host(profile.hostBlocks() * memory.layout().bytesPerBlock()),
            memory,
            stepTime::addedSeconds,
            event -> {},
            KvTierObserver.NONE,
            () -> nanoTime.getAsLong() + memory.spent());
    this.blocks =
        new BlockPool(
            profile.blocks(), new LeastRecentlyUsed(profile.blocks()), event -> {}, tiers);
    this.cache =
        new PrefixCache(blocks, profile.blockSize(), profile.name(), memory::copy, true, tiers);
    this.scheduler =
        policy.scheduler(
            new Served(
                profile,
                cache,
                request -> session(request).timeline().reading().spec(),
                nanoTime,
                stepTime));
  }

  void add(Session session) {
    Request request =
        new Request(
            new Attempt(Integer.toString(session.index()), 1),
            session.index(),
            PromptTokens.of(Prompts.tokens(session.index(), session.trace(), partTokens)),
            SamplingParams.GREEDY,
            new StopParams(session.trace().outputTokens(), 0, true, Set.of()),
            StopMatcher.NONE,
            Set.of(),
            false,
            new GenerationDelivery(RequestListener.NONE),
            new BlockTable(blocks, profile.blockSize()),
            (int) Math.min(Integer.MAX_VALUE, profile.kvTokens()),
            new RequestTimes(session.arrived(), Engine.NO_LIMIT));
    sessions.put(request, session);
    scheduler.add(request);
  }

  boolean hasWork() {
    return scheduler.hasWork();
  }

  StepPlan schedule() {
    return scheduler.schedule();
  }

  /** Nanoseconds that blocks took to come and go for the plans since this was last asked. */
  long takeCopyNanos() {
    return memory.takeSpent();
  }

  /**
   * Books a plan's results.
   *
   * @param nanos what it took
   */
  void update(StepPlan plan, long nanos, Results results) {
    for (ScheduledRequest one : plan.scheduled()) {
      Request request = one.request();
      Session session = session(request);
      @Nullable FinishReason finished = null;
      if (one.samples()) {
        finished = request.append(Prompts.own(session.index(), request.size()));
        results.token(session);
      }
      scheduler.update(one, 0);
      if (finished != null) {
        request.become(RequestState.FINISHED_LENGTH);
        scheduler.remove(request);
        sessions.remove(request);
        results.finished(session);
      }
    }
    scheduler.ran(plan, nanos);
  }

  Session session(Request request) {
    Session session = sessions.get(request);
    if (session == null) {
      throw new IllegalStateException(request.attempt() + " is nobody's");
    }
    return session;
  }

  /**
   * Compares who holds blocks with what the pool gave away.
   *
   * @throws IllegalStateException describing the first inconsistency
   */
  void checkIntegrity() {
    int[] owned = new int[blocks.total()];
    scheduler.forEach(request -> request.blocks().countInto(owned));
    blocks.checkIntegrity(owned);
    cache.checkIntegrity();
  }

  @Override
  public void close() {
    cache.close();
  }
}
