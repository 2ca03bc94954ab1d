package dev.andante.decode;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.RequestListener;
import dev.andante.host.grpc.Requests;
import dev.andante.kvtransfer.grpc.EngineFailures;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.LogIds;
import dev.andante.service.grpc.RequestIds;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens of one request on their way to its caller. The engine thread puts them in; one writer
 * task at a time sends them while the caller reads, several in one chunk where they have piled up.
 * A caller that lets more than a bounded number pile up is cut off. The request is aborted when the
 * call is cancelled or its deadline passes.
 *
 * <p>An answer that goes on elsewhere first leaves the engine, with all its tokens here, and then
 * ends with where it went: {@link #leave}, then {@link #moved} or {@link #failed}.
 */
final class TokenStream implements RequestListener {

  private static final Logger LOG = LoggerFactory.getLogger(TokenStream.class);

  private final LogIds logIds;
  private final ServerCallStreamObserver<TokenChunk> responses;
  private final Executor writers;
  private final int maxBuffered;
  private final Runnable abort;
  private final LongConsumer interTokenNanos;
  private final AtomicInteger writeRequests = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private List<GeneratedToken> pending = new ArrayList<>();
  private @Nullable Ending ending;
  private boolean over;
  private boolean offered;

  // Written once, the first under lock.
  private volatile @Nullable CompletableFuture<Boolean> leaving;
  private volatile @Nullable GenerationStats statsWhenLeft;
  private volatile Runnable whenEnded = () -> {};

  private int tokens; // engine thread
  private long lastNanos; // engine thread

  /**
   * @param abort ends the request on the engine; idempotent
   */
  TokenStream(
      Attempt attempt,
      ServerCallStreamObserver<TokenChunk> responses,
      Executor writers,
      int maxBuffered,
      Runnable abort,
      LongConsumer interTokenNanos) {
    this.logIds = RequestIds.forLogs(attempt.requestId());
    this.responses = responses;
    this.writers = writers;
    this.maxBuffered = maxBuffered;
    this.abort = abort;
    this.interTokenNanos = interTokenNanos;
  }

  /**
   * Submits the request.
   *
   * @param submit posts it to the engine with this as its listener
   */
  void start(Runnable submit) {
    responses.setOnCancelHandler(this::onCancelled);
    responses.setOnReadyHandler(this::requestWrite);
    submit.run();
    if (responses.isCancelled()) { // the abort may have come before the request
      abort.run();
    }
  }

  /**
   * Has something done when no more tokens will come; perhaps twice. To be set before the start.
   */
  void whenEnded(Runnable task) {
    whenEnded = task;
  }

  /** Tells the caller that this worker stops and would hand the answer over. */
  void offer() {
    lock.lock();
    try {
      offered = true;
    } finally {
      lock.unlock();
    }
    requestWrite();
  }

  /**
   * Takes the request off the engine, so that it may go on elsewhere.
   *
   * @return completes with whether it has left with nothing lost; false if it has ended by itself,
   *     or somebody has asked before
   */
  CompletableFuture<Boolean> leave() {
    CompletableFuture<Boolean> asked = new CompletableFuture<>();
    lock.lock();
    try {
      if (over || ending != null || leaving != null) {
        return CompletableFuture.completedFuture(false);
      }
      leaving = asked;
    } finally {
      lock.unlock();
    }
    abort.run();
    return asked;
  }

  /** It has left and goes on there. */
  void moved(KvMoved where) {
    end(new Ending.Moved(where, statsWhenLeft));
    logIds.run(() -> LOG.info("decode handed over to {}, {} tokens", where.getKvTarget(), tokens));
  }

  /** It has left, or was to, and cannot go on there. Of no effect if it has ended by itself. */
  void failed(StatusRuntimeException status) {
    end(new Ending.Failed(status));
  }

  @Override
  public void onTokens(List<GeneratedToken> generated) {
    measure(generated.size());
    boolean overflow = false;
    lock.lock();
    try {
      if (over || ending != null) {
        return;
      }
      if (pending.size() + generated.size() > maxBuffered) {
        overflow = true;
        pending.clear();
        ending =
            new Ending.Failed(
                Failures.of(
                    Status.Code.RESOURCE_EXHAUSTED,
                    "reader_too_slow",
                    "the reader fell " + maxBuffered + " tokens behind",
                    false));
      } else {
        pending.addAll(generated);
      }
    } finally {
      lock.unlock();
    }
    if (overflow) {
      abort.run();
    }
    requestWrite();
  }

  @Override
  public void onFinished(FinishReason reason, GenerationStats stats) {
    if (reason == FinishReason.ABORTED && hasLeft(stats)) {
      return;
    }
    end(new Ending.Finished(reason, stats));
    logIds.run(
        () ->
            LOG.info(
                "decode done: {}, {} tokens, {} drafted, {} accepted, queue {} us, prefill {} us,"
                    + " decode {} us",
                reason,
                tokens,
                stats.draftedTokens(),
                stats.acceptedTokens(),
                stats.queueMicros(),
                stats.prefillMicros(),
                stats.decodeMicros()));
  }

  @Override
  public void onFailed(EngineException failure) {
    end(new Ending.Failed(EngineFailures.toStatus(failure)));
    logIds.run(() -> LOG.warn("decode failed: {}, {}", failure.code(), failure.getMessage()));
  }

  /** Whether that is the end that {@link #leave} asked for. */
  private boolean hasLeft(GenerationStats stats) {
    CompletableFuture<Boolean> asked;
    lock.lock();
    try {
      asked = leaving;
      if (asked == null || over || ending != null) {
        return false;
      }
      statsWhenLeft = stats;
    } finally {
      lock.unlock();
    }
    asked.complete(true);
    return true;
  }

  private void end(Ending how) {
    lock.lock();
    try {
      if (ending == null) {
        ending = how;
      }
    } finally {
      lock.unlock();
    }
    ended();
    requestWrite();
  }

  private void ended() {
    CompletableFuture<Boolean> asked = leaving;
    if (asked != null) {
      asked.complete(false); // unless it has left before
    }
    whenEnded.run();
  }

  private void onCancelled() {
    lock.lock();
    try {
      over = true;
      pending = List.of();
    } finally {
      lock.unlock();
    }
    ended();
    abort.run();
  }

  private void measure(int count) {
    long now = System.nanoTime();
    if (tokens > 0) {
      interTokenNanos.accept(now - lastNanos);
    }
    tokens += count;
    lastNanos = now;
  }

  /** Has pending tokens written by one task at a time; requests made meanwhile are not lost. */
  private void requestWrite() {
    if (writeRequests.getAndIncrement() == 0) {
      writers.execute(this::write);
    }
  }

  private void write() {
    int seen = 1;
    while (seen != 0) {
      writeOnce();
      seen = writeRequests.addAndGet(-seen);
    }
  }

  private void writeOnce() {
    List<GeneratedToken> out;
    @Nullable Ending how;
    boolean offer;
    lock.lock();
    try {
      how = ending;
      offer = offered;
      boolean cutOff = how instanceof Ending.Failed && pending.isEmpty();
      boolean nothing = pending.isEmpty() && how == null && !offer;
      if (over || nothing || (!responses.isReady() && !cutOff)) {
        return;
      }
      offered = false;
      out = pending;
      pending = new ArrayList<>();
      over = how != null;
    } finally {
      lock.unlock();
    }
    if (how == null) {
      responses.onNext(chunk(out).setDraining(offer).build());
    } else {
      how.write(chunk(out), responses);
    }
  }

  private static TokenChunk.Builder chunk(List<GeneratedToken> tokens) {
    TokenChunk.Builder chunk = TokenChunk.newBuilder();
    for (GeneratedToken token : tokens) {
      chunk.addTokens(Requests.token(token));
    }
    return chunk;
  }
}
