package dev.andante.kvtransfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.engine.PromptTokens;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
 * <p>The stream that brings it may break: {@link #suspend} leaves the reservation for moments, in
 * which another stream of the same attempt may take it up where this one ended.
 *
 * <p>Threads: any. Futures complete on the engine thread, or on the caller's where the answer is
 * known at once.
 */
public final class KvInbound {

  /** How long a broken stream may take to come back, if the lease is not shorter. */
  private static final long BREAK_MILLIS = 5_000;

  private final Engine engine;
  private final KvTransferObserver observer;
  private final Attempt attempt;
  private final PromptTokens prompt;
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
  private int streams = 1;
  private Runnable onOver = () -> {};

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
    this.prompt = prompt;
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

  /** The first run that has not come. */
  public long nextSequence() {
    lock.lock();
    try {
      return nextSequence;
    } finally {
      lock.unlock();
    }
  }

  Attempt attempt() {
    return attempt;
  }

  /** The sender has been told of the commit. */
  public void delivered() {
    over();
  }

  /** Told once when nothing more can come; at once if that is so already. */
  void onOver(Runnable told) {
    boolean now;
    lock.lock();
    try {
      now = failure != null;
      onOver = now ? () -> {} : told;
    } finally {
      lock.unlock();
    }
    if (now) {
      told.run();
    }
  }

  /** How many streams have carried it; names the latest one in {@link #suspend}. */
  public int streams() {
    lock.lock();
    try {
      return streams;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Another stream takes it up.
   *
   * @return whether this is the transfer it goes on with, and frames may come
   */
  boolean takeUp(PromptTokens again) {
    lock.lock();
    try {
      if (!(state.receiving() || state == TransferState.COMMITTED)
          || granted == null
          || prompt.generated() != again.generated()
          || !Arrays.equals(prompt.ids(), again.ids())) {
        return false;
      }
      streams++;
      lastSign = System.nanoTime();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The stream broke, and perhaps its sender with it. Ends the transfer unless frames were due and
   * another stream takes it up soon. Of no effect for a stream that another one has followed.
   *
   * @param stream what {@link #streams} said when it began
   */
  public void suspend(int stream, String reason) {
    long patience;
    lock.lock();
    try {
      if (stream != streams) {
        return;
      }
      KvReservation held = granted;
      patience = failure == null && held != null ? Math.min(held.leaseMillis(), BREAK_MILLIS) : 0;
    } finally {
      lock.unlock();
    }
    if (patience == 0) {
      cancel(reason);
      return;
    }
    CompletableFuture.delayedExecutor(patience, TimeUnit.MILLISECONDS)
        .execute(
            () -> {
              if (streams() == stream) {
                cancel(reason);
              }
            });
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
      String fault = RunCheck.faultOf(run, expected, engine.kvLayout(), promptTokens);
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
   * The sender is alive although nothing comes: it computes, or waits for its turn to. Renews the
   * lease; of no effect before the grant and when the transfer is over.
   *
   * @return fails if the reservation is gone
   */
  public CompletableFuture<Void> beat() {
    String handle;
    lock.lock();
    try {
      if (!state.receiving() || granted == null) {
        return CompletableFuture.completedFuture(null);
      }
      lastSign = System.nanoTime();
      handle = granted.handle();
    } finally {
      lock.unlock();
    }
    return engine
        .renew(handle)
        .handle(
            (_, error) -> {
              if (error != null) {
                throw fail(reasonOf(error));
              }
              return null;
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
      if (!(state.receiving() || state == TransferState.COMMITTED) || granted == null) {
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
      if (state == TransferState.COMMITTED) { // its sender asked again
        return;
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
    over();
    return reason;
  }

  private void over() {
    lock.lock();
    try {
      onOver.run();
      onOver = () -> {};
    } finally {
      lock.unlock();
    }
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
