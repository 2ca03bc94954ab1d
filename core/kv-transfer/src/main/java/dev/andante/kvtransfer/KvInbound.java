package dev.andante.kvtransfer;

import dev.andante.compute.KvLayout;
import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.engine.PromptTokens;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One prompt that arrives; see {@link TransferState} for its life. The first failure ends it: the
 * reservation is given back, once, and everything after that fails with the same reason.
 *
 * <p>Threads: any. Futures complete on the engine thread, or on the caller's where the answer is
 * known at once.
 */
public final class KvInbound {

  private final Engine engine;
  private final KvTransferObserver observer;
  private final Attempt attempt;
  private final int promptTokens;
  private final long startNanos = System.nanoTime();
  private final CompletableFuture<KvReservation> reservation = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private TransferState state = TransferState.OPEN;
  private @Nullable KvReservation granted;
  private @Nullable EngineException failure;
  private long nextSequence;
  private long bytes;
  private long lastSign = System.nanoTime();

  KvInbound(
      Engine engine,
      KvFormat mine,
      KvTransferObserver observer,
      Attempt attempt,
      KvFormat sender,
      PromptTokens prompt) {
    this.engine = engine;
    this.observer = observer;
    this.attempt = attempt;
    this.promptTokens = prompt.ids().length;
    try {
      mine.requireCompatible(sender);
    } catch (EngineException e) {
      fail(e);
      return;
    }
    var _ = engine.reserve(attempt, prompt).whenComplete(this::onReserved);
  }

  /** Completes when blocks are set aside, or with the {@link EngineException} that says why not. */
  public CompletableFuture<KvReservation> reservation() {
    return reservation.copy();
  }

  public TransferState state() {
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Stores a run. A sequence number seen before is a no-op; a hole, damage, or a run outside the
   * prompt or the layout fails the transfer as BAD_FRAME.
   *
   * @return the next sequence number expected, once everything below it has been stored
   */
  public CompletableFuture<Long> store(KvRun run) {
    long expected;
    String handle;
    lock.lock();
    try {
      if (!state.receiving() || granted == null) {
        return CompletableFuture.failedFuture(failLocked(unexpected("data")));
      }
      lastSign = System.nanoTime();
      expected = nextSequence;
      if (run.sequence() < expected) {
        return CompletableFuture.completedFuture(expected);
      }
      String fault = faultOf(run, expected);
      if (fault != null) {
        return CompletableFuture.failedFuture(failLocked(badFrame(fault)));
      }
      state = TransferState.STREAMING;
      nextSequence = expected + 1;
      bytes += run.payload().remaining();
      handle = granted.handle();
    } finally {
      lock.unlock();
    }
    return engine
        .storeKv(
            handle,
            run.firstToken(),
            run.tokens(),
            run.firstLayer(),
            run.layers(),
            MemorySegment.ofBuffer(run.payload()))
        .handle(
            (_, error) -> {
              if (error != null) {
                throw fail(reasonOf(error));
              }
              return expected + 1;
            });
  }

  /**
   * Declares everything sent.
   *
   * @param frames how many runs were sent
   * @param tokens how many tokens they and the cached ones make up
   */
  public CompletableFuture<Void> commit(long frames, int tokens) {
    String handle;
    lock.lock();
    try {
      if (!state.receiving() || granted == null) {
        return CompletableFuture.failedFuture(failLocked(unexpected("commit")));
      }
      if (frames != nextSequence || tokens != promptTokens) {
        return CompletableFuture.failedFuture(
            failLocked(
                badFrame(
                    "commit of "
                        + frames
                        + " frames and "
                        + tokens
                        + " tokens, but "
                        + nextSequence
                        + " frames arrived for a prompt of "
                        + promptTokens
                        + " tokens")));
      }
      handle = granted.handle();
    } finally {
      lock.unlock();
    }
    return engine
        .commit(handle)
        .handle(
            (_, error) -> {
              if (error != null) {
                throw fail(reasonOf(error));
              }
              onCommitted();
              return null;
            });
  }

  /**
   * The sender gave up, or was lost, before it heard of the commit. Idempotent; gives the
   * reservation back in any state, also while it is still being made.
   */
  public void cancel(String reason) {
    lock.lock();
    try {
      var _ =
          endLocked(
              TransferState.FAILED,
              KvTransferException.CANCELLED,
              new EngineException(
                  Code.BAD_FRAME, "the transfer of " + attempt.requestId() + " ended: " + reason));
    } finally {
      lock.unlock();
    }
  }

  private void onReserved(@Nullable KvReservation made, @Nullable Throwable error) {
    if (made == null) {
      var _ =
          fail(
              error == null
                  ? new EngineException(Code.INTERNAL, "the engine made no reservation")
                  : reasonOf(error));
      return;
    }
    EngineException over;
    lock.lock();
    try {
      over = failure;
      if (over == null) {
        granted = made;
        state = TransferState.RESERVED;
        lastSign = System.nanoTime();
      }
    } finally {
      lock.unlock();
    }
    if (over == null) {
      watch(made.leaseMillis());
      reservation.complete(made);
    } else {
      release(made); // given up while the engine was making it
    }
  }

  private void onCommitted() {
    long sent;
    lock.lock();
    try {
      if (failure != null) {
        throw failure;
      }
      state = TransferState.COMMITTED;
      sent = bytes;
    } finally {
      lock.unlock();
    }
    observer.onCompleted(System.nanoTime() - startNanos, sent);
  }

  /** Ends a transfer whose sender is silent: its lease has run out, so nothing can come of it. */
  private void watch(long leaseMillis) {
    CompletableFuture.delayedExecutor(Math.max(1, leaseMillis), TimeUnit.MILLISECONDS)
        .execute(() -> expireIfSilent(leaseMillis));
  }

  private void expireIfSilent(long leaseMillis) {
    long silent;
    lock.lock();
    try {
      if (!state.receiving()) {
        return;
      }
      silent = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastSign);
      if (silent >= leaseMillis) {
        var _ =
            failLocked(
                new EngineException(
                    Code.LEASE_EXPIRED,
                    "no frame for " + silent + " ms; the lease is " + leaseMillis + " ms"));
        return;
      }
    } finally {
      lock.unlock();
    }
    watch(leaseMillis - silent);
  }

  /** What is wrong with a run, or null. */
  private @Nullable String faultOf(KvRun run, long expected) {
    if (run.sequence() != expected) {
      return "frame " + run.sequence() + " came where " + expected + " was due";
    }
    KvLayout layout = engine.kvLayout();
    boolean inPrompt =
        run.firstToken() >= 0
            && run.tokens() >= 1
            && run.tokens() <= layout.blockSize()
            && run.firstToken() <= promptTokens - run.tokens();
    boolean inBlock =
        inPrompt
            && run.firstToken() / layout.blockSize()
                == (run.firstToken() + run.tokens() - 1) / layout.blockSize();
    if (!inBlock) {
      return run.tokens()
          + " tokens at "
          + run.firstToken()
          + " are not within one block of "
          + layout.blockSize()
          + " of a prompt of "
          + promptTokens;
    }
    if (run.firstLayer() < 0
        || run.layers() < 1
        || run.firstLayer() > layout.layers() - run.layers()) {
      return run.layers() + " layers at " + run.firstLayer() + " of " + layout.layers();
    }
    long size = (long) run.tokens() * run.layers() * layout.bytesPerTokenLayer();
    if (run.payload().remaining() != size) {
      return "frame of " + run.payload().remaining() + " bytes where " + size + " were due";
    }
    if (KvRun.checksum(run.payload()) != run.crc32c()) {
      return "checksum of frame " + run.sequence() + " does not match its content";
    }
    return null;
  }

  private EngineException fail(EngineException reason) {
    lock.lock();
    try {
      return failLocked(reason);
    } finally {
      lock.unlock();
    }
  }

  private EngineException failLocked(EngineException reason) {
    return endLocked(
        reason.code() == Code.LEASE_EXPIRED ? TransferState.EXPIRED : TransferState.FAILED,
        reason.code().name().toLowerCase(Locale.ROOT),
        reason);
  }

  /** The first failure wins and releases; later ones report it again. */
  private EngineException endLocked(TransferState end, String label, EngineException reason) {
    if (failure != null) {
      return failure;
    }
    failure = reason;
    state = end;
    observer.onFailed(label);
    if (granted != null) {
      release(granted);
    }
    reservation.completeExceptionally(reason);
    return reason;
  }

  private void release(KvReservation made) {
    var _ = engine.release(made.handle());
  }

  private EngineException unexpected(String what) {
    return badFrame(what + " came while the transfer was " + state);
  }

  private EngineException badFrame(String fault) {
    return new EngineException(
        Code.BAD_FRAME, "transfer of " + attempt.requestId() + ": " + fault + "; send it again");
  }

  private static EngineException reasonOf(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    return cause instanceof EngineException known
        ? known
        : new EngineException(Code.INTERNAL, "KV could not be stored: " + cause, cause);
  }
}
