package dev.andante.engine.runtime;

import dev.andante.compute.BackendException;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.FinishReason;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.engine.transfer.Transfers;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Everything that happens on the engine thread. */
final class EngineCore implements StepRunner.Results {

  private static final System.Logger LOG = System.getLogger(EngineCore.class.getName());

  private final EngineConfig config;
  private final BlockPool blocks;
  private final List<KvEvent> events;
  private final PrefixCache cache;
  private final Scheduler scheduler;
  private final Transfers transfers;
  private final StepRunner runner;
  private final DraftBook drafts;
  private final EngineObserver observer;
  private final LongSupplier nanoTime;
  private final ActiveRequests active = new ActiveRequests();
  private final KvReadout readout;
  private final RequestLife life;
  private final Intake intake;
  private final Reservations reservations;

  /**
   * @param events where the pool leaves what came and went, to be reported and cleared
   */
  EngineCore(
      EngineConfig config,
      BlockPool blocks,
      List<KvEvent> events,
      PrefixCache cache,
      Scheduler scheduler,
      Transfers transfers,
      StepRunner runner,
      DraftBook drafts,
      Admission admission,
      EngineObserver observer,
      Set<Integer> endTokenIds,
      LongSupplier nanoTime) {
    this.config = config;
    this.blocks = blocks;
    this.events = events;
    this.cache = cache;
    this.scheduler = scheduler;
    this.transfers = transfers;
    this.runner = runner;
    this.drafts = drafts;
    this.observer = observer;
    this.nanoTime = nanoTime;
    this.readout = new KvReadout(active, runner);
    this.life = new RequestLife(active, scheduler, drafts, observer, nanoTime);
    this.intake =
        new Intake(
            config,
            blocks,
            cache,
            scheduler,
            transfers,
            drafts,
            admission,
            active,
            life,
            new NewRequests(endTokenIds, admission.maxLength()),
            observer,
            nanoTime);
    this.reservations =
        new Reservations(
            config,
            blocks,
            transfers,
            scheduler,
            admission,
            active,
            attempt -> life.overtake(attempt, false),
            nanoTime);
  }

  /** To be called once, before anything else. */
  void warmUp(BooleanSupplier stop) {
    if (config.warmUp().isZero()) {
      return;
    }
    long start = nanoTime.getAsLong();
    try {
      int rounds =
          runner.warmUp(blocks, config.maxSequences(), nanoTime).run(config.warmUp(), stop);
      LOG.log(
          System.Logger.Level.INFO,
          "warmed up in {0} ms, {1} rounds",
          (nanoTime.getAsLong() - start) / 1_000_000,
          rounds);
    } catch (BackendException e) {
      runner.requireBackend();
      LOG.log(System.Logger.Level.WARNING, "the warm-up failed; requests may do better", e);
    }
  }

  Intake intake() {
    return intake;
  }

  Reservations reservations() {
    return reservations;
  }

  Transfers transfers() {
    return transfers;
  }

  KvReadout readout() {
    return readout;
  }

  /**
   * Storing KV failed.
   *
   * @throws BackendLostException if the backend can do nothing any more
   */
  void storeFailed(String handle) {
    transfers.failed(handle);
    runner.requireBackend();
  }

  void abort(Attempt attempt) {
    for (Request request : active.of(attempt)) {
      life.finish(request, FinishReason.ABORTED);
    }
  }

  void expireLeases() {
    for (int expired = transfers.expire(); expired > 0; expired--) {
      observer.onLeaseExpired();
    }
  }

  /** Fails whatever is still there and frees every block. */
  void failAll(EngineException failure) {
    for (Request request : active.all()) {
      life.failed(request, failure);
    }
    reservations.failAll(failure);
    transfers.releaseAll();
  }

  void close() {
    drafts.close();
    cache.close();
    runner.close();
  }

  // Steps.

  boolean hasWork() {
    return scheduler.hasWork();
  }

  /** Runs one step; false if nothing could run for want of blocks. */
  boolean step() {
    StepEvent event = StepEvent.begun();
    drafts.collect(nanoTime.getAsLong(), scheduler::demand);
    StepPlan plan = scheduler.schedule();
    for (int i = 0; i < plan.preempted().size(); i++) {
      observer.onPreemption();
    }
    plan.admitted().forEach(this::admitted);
    if (plan.cut()) {
      observer.onStepCut();
    }
    if (plan.isEmpty()) {
      return false;
    }
    long start = nanoTime.getAsLong();
    for (ScheduledRequest scheduled : plan.scheduled()) {
      scheduled.request().times().onScheduled(start);
    }
    runner.run(plan, start, this);
    long nanos = nanoTime.getAsLong() - start;
    scheduler.ran(plan, nanos);
    observer.onStep(plan.scheduled().size(), plan.rows(), nanos);
    event.end(plan);
    return true;
  }

  private void admitted(StepPlan.Admitted admitted) {
    Request request = admitted.request();
    RequestTimes times = request.times();
    if (admitted.again()) {
      observer.onResumed(admitted.resumption(config.blockSize()));
    }
    if (cache.isOn() && !admitted.again()) {
      observer.onPrefixLookup(request.size(), admitted.cached());
      times.onCached(Math.min(admitted.cached(), request.promptSize()));
    }
    int prompt = times.promptProgress(Math.min(admitted.cached(), request.givenSize()));
    if (prompt > 0) {
      observer.onPromptTokens(0, prompt, 0);
    }
  }

  @Override
  public void advanced(ScheduledRequest scheduled, Verifier.@Nullable Outcome outcome) {
    Request request = scheduled.request();
    int prompt = request.times().promptProgress(Math.min(request.computed(), request.givenSize()));
    if (prompt > 0) {
      observer.onPromptTokens(prompt, 0, 0);
    }
    if (outcome == null) {
      return;
    }
    request.times().onToken(nanoTime.getAsLong());
    observer.onGeneratedTokens(outcome.tokens().size());
    if (scheduled.drafts() > 0) {
      request.times().onDraft(scheduled.drafts(), outcome.accepted());
      observer.onDraft(scheduled.drafts(), outcome.accepted());
      drafts.verified(request, scheduled.drafts(), outcome.accepted());
    }
    if (!life.tokens(request, outcome.tokens())) {
      return;
    }
    if (outcome.finished() != null || request.prefillOnly()) {
      life.finish(request, outcome.finished());
    } else {
      drafts.appended(request);
    }
  }

  @Override
  public void failed(Request request, EngineException failure) {
    life.failed(request, failure);
  }

  // What others may know.

  /** Reports what the prefix cache stored and removed since the last time. */
  void reportKvEvents() {
    cache.settle();
    if (!events.isEmpty()) {
      observer.onKvEvents(List.copyOf(events));
      events.clear();
    }
  }

  EngineStatus status() {
    long[] queued = {0};
    scheduler.forEach(
        request ->
            queued[0] +=
                request.decoding() ? 0 : Math.max(0, request.givenSize() - request.computed()));
    return new EngineStatus(
        scheduler.running(),
        scheduler.waiting(),
        blocks.free(),
        blocks.kept(),
        blocks.total(),
        transfers.reservedBlocks(),
        queued[0],
        scheduler.stepTime().cost(),
        scheduler.stepTime().steps());
  }

  /**
   * @throws IllegalStateException describing the first inconsistency
   */
  void checkIntegrity() {
    IntegrityCheck.check(
        blocks, config.blockSize(), scheduler, transfers.all(), List.copyOf(active.all()));
    cache.checkIntegrity();
  }
}
