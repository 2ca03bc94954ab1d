package dev.andante.kvtransfer.grpc;

import com.google.protobuf.ByteString;
import dev.andante.engine.KvReservation;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.link.LinkedCall;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvCommitted;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvLink;
import dev.andante.protocol.v1.KvReceived;
import dev.andante.protocol.v1.KvWaiting;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a receiver says on one Push call, and how many frames it asks for. Runs that follow one
 * another closely are acknowledged together. Nothing is said after the last word, or on a call that
 * was cancelled. Thread-safe.
 */
final class PushAnswers {

  /**
   * Where frames may come instead of on the call.
   *
   * @param call closed when the Push call is over
   */
  record Link(int port, LinkedCall call) {

    KvLink toMessage() {
      return KvLink.newBuilder()
          .setPort(port)
          .setTicket(ByteString.copyFrom(call.ticket().bytes()))
          .build();
    }
  }

  /** What a sender keeps for us it keeps this long after our last sign of life. */
  private static final long WAITING_LEASE_MILLIS = 5_000;

  private static final long WAITING_SIGN_MILLIS = 1_000;

  private static final KvAck WAITING =
      KvAck.newBuilder()
          .setWaiting(KvWaiting.newBuilder().setLeaseMillis(WAITING_LEASE_MILLIS))
          .build();

  /** For the reason to arrive before a link that ends for it, and looks lost. */
  private static final long LAST_WORD_MILLIS = 500;

  /** Half of what one sender may have under way: it has credit left while an answer waits. */
  private static final int RUNS_PER_ANSWER = 4;

  private final ServerCallStreamObserver<KvAck> responses;
  private final FairCredit credit;
  private final ReentrantLock lock = new ReentrantLock();

  private volatile @Nullable Link link; // from the grant on, if there is one

  // Guarded by lock.
  private boolean ended;
  private FairCredit.@Nullable Account account; // from the grant on
  private int storing; // runs that came and are not stored
  private int unanswered; // runs that are stored

  PushAnswers(ServerCallStreamObserver<KvAck> responses, FairCredit credit) {
    this.responses = responses;
    this.credit = credit;
  }

  /** Signs of life until blocks are granted, or never will be. */
  void waiting(BooleanSupplier over) {
    lock.lock();
    try {
      if (over.getAsBoolean() || !open()) {
        return;
      }
      responses.onNext(WAITING);
    } finally {
      lock.unlock();
    }
    CompletableFuture.delayedExecutor(WAITING_SIGN_MILLIS, TimeUnit.MILLISECONDS)
        .execute(() -> waiting(over));
  }

  /**
   * @param next the first run that is missing
   * @param coding how runs are wanted
   * @param offered where frames may come instead; null = here only
   */
  void granted(KvReservation made, long next, KvCoding coding, @Nullable Link offered) {
    KvGranted.Builder grant =
        KvGranted.newBuilder()
            .setKvHandle(made.handle())
            .setLeaseMillis(made.leaseMillis())
            .setCachedTokens(made.cachedTokens())
            .setNextSequence(next)
            .setCoding(coding.wireName());
    boolean over;
    lock.lock();
    try {
      link = offered;
      if (open()) {
        FairCredit.Account opened = credit.open();
        account = opened;
        int frames = opened.settle(0);
        if (offered != null) {
          grant.setLink(offered.toMessage());
          offered.call().allow(frames);
        }
        responses.onNext(KvAck.newBuilder().setGranted(grant).build());
        responses.request(frames); // the sender may not be able to connect, and has to cancel here
      }
      over = !open();
    } finally {
      lock.unlock();
    }
    if (over) { // perhaps before there was an account to close
      closeAccount();
    }
  }

  /** A run came, and is on its way to the engine. */
  void storing() {
    lock.lock();
    try {
      storing++;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A run has been stored, or had been before. Said at once unless another one is about to be.
   *
   * @param next every run below that number is there
   */
  void stored(long next) {
    lock.lock();
    try {
      storing--;
      unanswered++;
      if (open() && (storing == 0 || unanswered >= RUNS_PER_ANSWER)) {
        responses.onNext(
            KvAck.newBuilder().setReceived(KvReceived.newBuilder().setNextSequence(next)).build());
        settle(unanswered);
        unanswered = 0;
      }
    } finally {
      lock.unlock();
    }
  }

  /** A frame that gets no answer has been dealt with. */
  void takeNext() {
    lock.lock();
    try {
      if (open()) {
        settle(1);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The last word.
   *
   * @param delivered called once it is said
   */
  void committed(int tokens, Runnable delivered) {
    lock.lock();
    try {
      if (open()) {
        ended = true;
        responses.onNext(
            KvAck.newBuilder().setCommitted(KvCommitted.newBuilder().setTokens(tokens)).build());
        responses.onCompleted();
        delivered.run();
      }
    } finally {
      lock.unlock();
    }
    closeAccount();
  }

  /** The last word, if there was none. */
  void failed(Throwable error) {
    lock.lock();
    try {
      if (open()) {
        ended = true;
        responses.onError(EngineFailures.toStatus(error));
      }
    } finally {
      lock.unlock();
    }
    closeCredit();
    if (isLinked()) {
      CompletableFuture.delayedExecutor(LAST_WORD_MILLIS, TimeUnit.MILLISECONDS)
          .execute(this::closeLink);
    } else {
      closeLink();
    }
  }

  /** The call brings no more frames. */
  void closeAccount() {
    closeCredit();
    closeLink();
  }

  private void closeCredit() {
    lock.lock();
    try {
      FairCredit.Account current = account;
      if (current != null) {
        current.close();
      }
    } finally {
      lock.unlock();
    }
  }

  private void closeLink() {
    Link offered = link;
    if (offered != null) {
      offered.call().close();
    }
  }

  /** Whether frames come over a link. */
  private boolean isLinked() {
    Link offered = link;
    return offered != null && offered.call().attached();
  }

  /** Whether anything may still be said. With the lock held. */
  private boolean open() {
    return !ended && !responses.isCancelled();
  }

  /** So many frames have been dealt with. With the lock held. */
  private void settle(int frames) {
    FairCredit.Account current = account;
    int more = current == null ? frames : current.settle(frames);
    if (more <= 0) {
      return;
    }
    Link offered = link;
    if (offered != null && isLinked()) {
      offered.call().allow(more);
    } else {
      responses.request(more);
    }
  }
}
