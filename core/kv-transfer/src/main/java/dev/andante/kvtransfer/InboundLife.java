package dev.andante.kvtransfer;

import static dev.andante.kvtransfer.TransferFailures.badFrame;

import dev.andante.compute.KvLayout;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What has come of one prompt, and what may come next: the machine of {@link TransferState}. The
 * first failure ends it and gives the reservation back, once; everything after that throws the same
 * reason. Knows neither the engine nor time but that of the last sign of life. Thread-safe.
 */
final class InboundLife {

  /**
   * A run that may be stored.
   *
   * @param handle of the reservation; null if the run was stored before
   * @param next the sequence number that is due once it is stored
   */
  record Accepted(@Nullable String handle, long next) {}

  private final Attempt attempt;
  private final int promptTokens;
  private final KvTransferObserver observer;
  private final Consumer<KvReservation> release;
  private final long startNanos = System.nanoTime();
  private final CompletableFuture<KvReservation> reservation = new CompletableFuture<>();
  private final CompletableFuture<@Nullable Void> over = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private TransferState state = TransferState.OPEN;
  private @Nullable KvReservation granted;
  private @Nullable EngineException failure;
  private long nextSequence;
  private long bytes;
  private long lastSign = System.nanoTime();

  /**
   * @param release gives blocks back; called once at most, perhaps with the lock held
   */
  InboundLife(
      Attempt attempt,
      int promptTokens,
      KvTransferObserver observer,
      Consumer<KvReservation> release) {
    this.attempt = attempt;
    this.promptTokens = promptTokens;
    this.observer = observer;
    this.release = release;
  }

  CompletableFuture<KvReservation> reservation() {
    return reservation.copy();
  }

  TransferState state() {
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
  }

  long nextSequence() {
    lock.lock();
    try {
      return nextSequence;
    } finally {
      lock.unlock();
    }
  }

  /** What is held for it; null before the grant and when it has failed. */
  @Nullable KvReservation held() {
    lock.lock();
    try {
      return failure == null ? granted : null;
    } finally {
      lock.unlock();
    }
  }

  /** Told once when nothing more can come; at once if that is so already. */
  void onOver(Runnable told) {
    var _ = over.thenRun(told);
  }

  /** Nothing more can come. */
  void over() {
    over.complete(null);
  }

  /** Blocks are set aside; gives them back if it has been given up meanwhile. */
  boolean grant(KvReservation made) {
    lock.lock();
    try {
      if (failure == null) {
        granted = made;
        state = TransferState.RESERVED;
        lastSign = System.nanoTime();
        return true;
      }
    } finally {
      lock.unlock();
    }
    release.accept(made);
    return false;
  }

  /** The grant may be told. */
  void announce(KvReservation made) {
    reservation.complete(made);
  }

  /**
   * Another stream wants to go on with it.
   *
   * @param turn called if it may, before anything else happens
   */
  boolean goOn(Runnable turn) {
    lock.lock();
    try {
      if (!(state.receiving() || state == TransferState.COMMITTED) || granted == null) {
        return false;
      }
      turn.run();
      lastSign = System.nanoTime();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Judges a run that came.
   *
   * @throws EngineException BAD_FRAME, or why it was over before
   */
  Accepted accept(KvRun run, KvLayout layout, KvCoding coding) {
    lock.lock();
    try {
      boolean seen = run.sequence() >= 0 && run.sequence() < nextSequence;
      if (seen && state == TransferState.COMMITTED) { // of the stream before, and late
        return new Accepted(null, nextSequence);
      }
      if (!state.receiving() || granted == null) {
        throw failLocked(unexpected("data"));
      }
      lastSign = System.nanoTime();
      if (seen) {
        return new Accepted(null, nextSequence);
      }
      String fault = RunCheck.faultOf(run, nextSequence, layout, coding, promptTokens);
      if (fault != null) {
        throw failLocked(badFrame(attempt, fault));
      }
      state = TransferState.STREAMING;
      nextSequence++;
      bytes += run.payload().remaining();
      return new Accepted(granted.handle(), nextSequence);
    } finally {
      lock.unlock();
    }
  }

  /**
   * A sign of life.
   *
   * @return handle of the reservation to renew; null if there is none
   */
  @Nullable String sign() {
    lock.lock();
    try {
      if (!state.receiving() || granted == null) {
        return null;
      }
      lastSign = System.nanoTime();
      return granted.handle();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Judges what the sender says of everything it sent.
   *
   * @return handle of the reservation to commit
   * @throws EngineException BAD_FRAME, or why it was over before
   */
  String complete(long frames, int tokens) {
    lock.lock();
    try {
      if (!(state.receiving() || state == TransferState.COMMITTED) || granted == null) {
        throw failLocked(unexpected("commit"));
      }
      String fault = RunCheck.faultOfCommit(frames, nextSequence, tokens, promptTokens);
      if (fault != null) {
        throw failLocked(badFrame(attempt, fault));
      }
      return granted.handle();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The engine has committed it.
   *
   * @throws EngineException why it was over before
   */
  void committed() {
    long sent;
    int spared;
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
      spared = granted == null ? 0 : granted.cachedTokens();
    } finally {
      lock.unlock();
    }
    observer.onCompleted(System.nanoTime() - startNanos, sent, spared);
  }

  /**
   * Ends it if frames are due and the sender has been silent for the length of its lease.
   *
   * @return when to look again, in milliseconds; 0 for not at all
   */
  long expireIfSilent(long leaseMillis) {
    lock.lock();
    try {
      if (!state.receiving()) {
        return 0;
      }
      long silent = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lastSign);
      if (silent >= leaseMillis) {
        var _ = failLocked(TransferFailures.silent(silent, leaseMillis));
        return 0;
      }
      return leaseMillis - silent;
    } finally {
      lock.unlock();
    }
  }

  /** Ends it; idempotent. */
  void cancel(String reason) {
    lock.lock();
    try {
      var _ =
          endLocked(
              TransferState.FAILED,
              KvTransferException.CANCELLED,
              TransferFailures.cancelled(attempt, reason));
    } finally {
      lock.unlock();
    }
  }

  /**
   * @return the reason of the first failure
   */
  EngineException fail(EngineException reason) {
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
        TransferFailures.label(reason),
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
      release.accept(granted);
    }
    reservation.completeExceptionally(reason);
    over();
    return reason;
  }

  private EngineException unexpected(String what) {
    return badFrame(attempt, what + " came while the transfer was " + state);
  }
}
