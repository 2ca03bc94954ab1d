package dev.andante.decode;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.RequestListener;
import dev.andante.host.grpc.Requests;
import dev.andante.kvtransfer.grpc.EngineFailures;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.LogIds;
import dev.andante.service.grpc.RequestIds;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;
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

  private int tokens; // engine thread
  private long lastNanos; // engine thread

  /** How the stream ends once everything pending is out. */
  private sealed interface Ending {
    record Finished(FinishReason reason, GenerationStats stats) implements Ending {}

    record Failed(StatusRuntimeException status) implements Ending {}
  }

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

  private void end(Ending how) {
    lock.lock();
    try {
      if (ending == null) {
        ending = how;
      }
    } finally {
      lock.unlock();
    }
    requestWrite();
  }

  private void onCancelled() {
    lock.lock();
    try {
      over = true;
      pending = List.of();
    } finally {
      lock.unlock();
    }
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
    Ending how;
    lock.lock();
    try {
      how = ending;
      boolean cutOff = how instanceof Ending.Failed && pending.isEmpty();
      if (over || (pending.isEmpty() && how == null) || (!responses.isReady() && !cutOff)) {
        return;
      }
      out = pending;
      pending = new ArrayList<>();
      over = how != null;
    } finally {
      lock.unlock();
    }
    switch (how) {
      case null -> responses.onNext(chunk(out).build());
      case Ending.Finished(FinishReason reason, GenerationStats stats) -> {
        responses.onNext(
            chunk(out)
                .setFinishReason(Requests.finishReason(reason))
                .setStats(Requests.stats(stats))
                .build());
        responses.onCompleted();
      }
      case Ending.Failed(StatusRuntimeException status) -> {
        if (!out.isEmpty()) {
          responses.onNext(chunk(out).build());
        }
        responses.onError(status);
      }
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
