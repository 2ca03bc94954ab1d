package dev.andante.engine.runtime;

import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.FinishReason;
import dev.andante.engine.ForkRequest;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PrefillListener;
import dev.andante.engine.RequestListener;
import dev.andante.engine.TransferredRequest;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.PrefixCache;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.transfer.Transfer;
import dev.andante.engine.transfer.Transfers;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Begins what is asked for. Each call either takes effect or throws an {@link EngineException} and
 * changes nothing. Engine thread.
 */
final class Intake {

  private final EngineConfig config;
  private final BlockPool blocks;
  private final PrefixCache cache;
  private final Scheduler scheduler;
  private final Transfers transfers;
  private final DraftBook drafts;
  private final Admission admission;
  private final ActiveRequests active;
  private final RequestLife life;
  private final NewRequests requests;
  private final EngineObserver observer;
  private final LongSupplier nanoTime;

  Intake(
      EngineConfig config,
      BlockPool blocks,
      PrefixCache cache,
      Scheduler scheduler,
      Transfers transfers,
      DraftBook drafts,
      Admission admission,
      ActiveRequests active,
      RequestLife life,
      NewRequests requests,
      EngineObserver observer,
      LongSupplier nanoTime) {
    this.config = config;
    this.blocks = blocks;
    this.cache = cache;
    this.scheduler = scheduler;
    this.transfers = transfers;
    this.drafts = drafts;
    this.admission = admission;
    this.active = active;
    this.life = life;
    this.requests = requests;
    this.observer = observer;
    this.nanoTime = nanoTime;
  }

  void generate(GenerationRequest given, RequestListener listener, long submitted) {
    admission.check(given.prompt());
    admission.check(given.sampling());
    active.check(given.attempt(), false);
    requireRoomInQueue();
    Request request = requests.of(given, newTable(), listener, submitted);
    FinishReason over = request.replay();
    life.register(request);
    if (over != null) {
      life.finish(request, over);
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
    life.register(request);
    if (over != null) {
      life.finish(request, over);
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
    life.register(request);
    scheduler.add(request);
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
    life.register(request);
    observer.onPromptTokens(0, transfer.cachedTokens(), prompt.length - transfer.cachedTokens());
    if (cache.isOn()) {
      observer.onPrefixLookup(prompt.length, transfer.cachedTokens());
    }
    if (over != null) {
      life.finish(request, over);
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
}
