package dev.andante.engine.runtime;

import dev.andante.compute.BackendException;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.FinishReason;
import dev.andante.engine.ForkRequest;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PrefillListener;
import dev.andante.engine.RequestListener;
import dev.andante.engine.TransferredRequest;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.KvEvent;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.engine.transfer.Transfer;
import dev.andante.engine.transfer.Transfers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
  private final Admission admission;
  private final EngineObserver observer;
  private final LongSupplier nanoTime;
  private final ActiveRequests active = new ActiveRequests();
  private final KvReadout readout;
  private final NewRequests requests;
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
    this.admission = admission;
    this.observer = observer;
    this.nanoTime = nanoTime;
    this.readout = new KvReadout(active, runner);
    this.requests = new NewRequests(endTokenIds, admission.maxLength());
    this.reservations =
        new Reservations(
            config,
            blocks,
            transfers,
            scheduler,
            admission,
            active,
            attempt -> overtake(attempt, false),
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

  // Messages. Each either takes effect or throws an EngineException and changes nothing.

  void generate(GenerationRequest given, RequestListener listener, long submitted) {
    admission.check(given.prompt());
    admission.check(given.sampling());
    active.check(given.attempt(), false);
    requireRoomInQueue();
    Request request = requests.of(given, newTable(), listener, submitted);
    FinishReason over = request.replay();
    register(request);
    if (over != null) {
      finish(request, over);
    } else {
      scheduler.add(request);
    }
  }

  void fork(ForkRequest given, RequestListener listener, long submitted) {
    admission.check(given.sampling());
    active.check(given.attempt(), false);
    requireRoomInQueue();
    Request parent = active.answer(given.of());
    if (given.tokens() > parent.size()) {
      throw new EngineException(
          Code.UNKNOWN_REQUEST, given.of() + " has " + parent.size() + " tokens by now");
    }
    Request request = requests.of(given, parent, newTable(), listener, submitted);
    FinishReason over = request.replay();
    register(request);
    if (over != null) {
      finish(request, over);
    } else if (share(parent, request)) {
      scheduler.join(request);
    } else {
      scheduler.add(request);
    }
  }

  /** Gives a request the blocks that another one has of its tokens; false if they are too few. */
  private boolean share(Request parent, Request request) {
    int computed = Math.min(parent.computed(), request.size() - 1);
    if (computed == 0
        || !cache.fork(
            parent.blocks(), computed, request.blocks(), request.size(), scheduler.spokenFor())) {
      return false;
    }
    request.computed(computed);
    int prompt = request.times().promptProgress(computed);
    request.times().onCached(Math.min(computed, request.promptSize()));
    observer.onPromptTokens(0, prompt, 0);
    return true;
  }

  void prefill(PrefillJob given, PrefillListener listener, long submitted) {
    admission.check(given.prompt());
    admission.check(given.sampling());
    active.check(given.attempt(), true);
    requireRoomInQueue();
    Request request = requests.of(given, newTable(), listener, submitted);
    if (request.replay() != null) {
      throw new EngineException(
          Code.INVALID_REQUEST, "the answer that the prompt resumes is already complete");
    }
    register(request);
    scheduler.add(request);
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
   * @throws BackendLostException if the backend failed and can do nothing any more
   */
  void store(
      String handle, int firstToken, int tokens, int firstLayer, int layers, MemorySegment kv) {
    try {
      transfers.store(handle, firstToken, tokens, firstLayer, layers, kv);
    } catch (EngineException e) {
      if (e.getCause() instanceof BackendException) {
        runner.requireBackend();
      }
      throw e;
    }
  }

  void decode(TransferredRequest given, RequestListener listener, long submitted) {
    admission.check(given.sampling());
    admission.checkToken("first_token", given.firstToken());
    given.following().forEach(token -> admission.checkToken("following", token));
    active.check(given.attempt(), false);
    Transfer transfer = transfers.committed(given.kvHandle(), given.attempt());
    int[] prompt = transfer.prompt().ids();
    int[] tokens = withAnswer(prompt, given);
    admission.checkLength(tokens.length);
    if (!transfer.blocks().ensure(tokens.length)) {
      throw new EngineException(
          Code.SATURATED, "no KV blocks are left for what followed the KV; try another worker");
    }
    RequestTimes times = new RequestTimes(submitted, given.timeLeft());
    times.skipPrefill(nanoTime.getAsLong());
    times.promptProgress(tokens.length);
    Request request = requests.of(given, transfer, tokens, listener, times);
    FinishReason over = request.replay();
    transfers.joined(transfer);
    request.computed(prompt.length);
    register(request);
    observer.onPromptTokens(0, transfer.cachedTokens(), prompt.length - transfer.cachedTokens());
    if (cache.isOn()) {
      observer.onPrefixLookup(prompt.length, transfer.cachedTokens());
    }
    if (over != null) {
      finish(request, over);
      return;
    }
    scheduler.join(request);
    drafts.appended(request);
  }

  /** The tokens whose KV came, and those that are known of what follows. */
  private static int[] withAnswer(int[] prompt, TransferredRequest given) {
    int[] tokens = Arrays.copyOf(prompt, prompt.length + 1 + given.following().size());
    tokens[prompt.length] = given.firstToken();
    for (int i = 0; i < given.following().size(); i++) {
      tokens[prompt.length + 1 + i] = given.following().get(i);
    }
    return tokens;
  }

  void abort(Attempt attempt) {
    for (Request request : active.of(attempt)) {
      finish(request, FinishReason.ABORTED);
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
      failed(request, failure);
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
    if (!deliver(request, () -> request.delivery().tokens(outcome.tokens()))) {
      end(request, RequestState.FAILED);
    } else if (outcome.finished() != null || request.prefillOnly()) {
      finish(request, outcome.finished());
    } else {
      drafts.appended(request);
    }
  }

  @Override
  public void failed(Request request, EngineException failure) {
    end(request, RequestState.FAILED);
    deliver(request, () -> request.delivery().failed(failure));
  }

  /**
   * @param reason null for a prefill job whose answer goes on elsewhere
   */
  private void finish(Request request, @Nullable FinishReason reason) {
    end(
        request,
        switch (reason) {
          case STOP -> RequestState.FINISHED_STOP;
          case ABORTED -> RequestState.FINISHED_ABORTED;
          case LENGTH -> RequestState.FINISHED_LENGTH;
          case null -> RequestState.FINISHED_LENGTH;
        });
    GenerationStats stats = request.times().stats(nanoTime.getAsLong());
    deliver(request, () -> request.delivery().finished(reason, stats));
    observer.onFinished(
        reason == null ? FinishReason.LENGTH : reason,
        request.promptSize(),
        request.generated(),
        stats);
  }

  private void end(Request request, RequestState state) {
    request.become(state);
    active.remove(request);
    scheduler.remove(request);
    drafts.ended(request);
  }

  /** A listener that throws loses its request, nobody else's. */
  private static boolean deliver(Request request, Runnable call) {
    try {
      call.run();
      return true;
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "listener of " + request.attempt() + " failed", e);
      return false;
    }
  }

  private void register(Request request) {
    overtake(request.attempt(), request.prefillOnly());
    active.add(request);
  }

  private void overtake(Attempt attempt, boolean prefill) {
    Request old = active.overtakenBy(attempt, prefill);
    if (old != null) {
      failed(old, new EngineException(Code.STALE_EPOCH, "a newer attempt took over"));
    }
  }

  private void requireRoomInQueue() {
    if (active.size() >= config.maxSequences() + config.maxWaiting()) {
      throw new EngineException(
          Code.SATURATED,
          "max_sequences "
              + config.maxSequences()
              + " and max_waiting "
              + config.maxWaiting()
              + " are used up; try another worker or wait");
    }
  }

  private BlockTable newTable() {
    return new BlockTable(blocks, config.blockSize());
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
