package dev.andante.kvtransfer.grpc;

import com.google.protobuf.ByteString;
import dev.andante.engine.KvReservation;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.Later;
import dev.andante.kvtransfer.link.LinkedCall;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvCommitted;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvLink;
import dev.andante.protocol.v1.KvReceived;
import dev.andante.protocol.v1.KvWaiting;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a receiver says on one Push call, and when it asks for the next frame. Runs that follow one
 * another closely are acknowledged together: each answer wakes threads here and there, which takes
 * longer than storing a run. Nothing is said after the last word, or on a call that was cancelled.
 * Thread-safe.
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

  /** Stored and not said so: memory that the sender keeps for nothing. */
  private static final long BYTES_PER_ANSWER = 2 << 20;

  /** How long it may keep it; also who waits for the last run to be stored waits so long more. */
  private static final long ANSWER_MILLIS = 5;

  private final ServerCallStreamObserver<KvAck> responses;
  private final ReentrantLock lock = new ReentrantLock();

  private volatile @Nullable Link link; // from the grant on, if there is one

  // Guarded by lock.
  private boolean ended;
  private long next; // every run below that number is there
  private long unanswered; // bytes of runs that are there, and it has not been said
  private boolean answerDue; // soon, if not before

  PushAnswers(ServerCallStreamObserver<KvAck> responses) {
    this.responses = responses;
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
    Later.run(WAITING_SIGN_MILLIS, () -> waiting(over));
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
        if (offered != null) {
          grant.setLink(offered.toMessage());
        }
        responses.onNext(KvAck.newBuilder().setGranted(grant).build());
        responses.request(1); // with a link, too: the sender may not be able to connect, or cancels
      }
      over = !open();
    } finally {
      lock.unlock();
    }
    if (over) { // perhaps before there was a link to close
      closeLink();
    }
  }

  /**
   * A run has been stored, or had been before.
   *
   * @param following every run below that number is there
   * @param bytes of it
   */
  void stored(long following, long bytes) {
    boolean later = false;
    lock.lock();
    try {
      next = following;
      unanswered += bytes;
      if (unanswered >= BYTES_PER_ANSWER) {
        answer();
      } else if (!answerDue) {
        answerDue = true;
        later = true;
      }
      takeNext();
    } finally {
      lock.unlock();
    }
    if (later) {
      Later.run(ANSWER_MILLIS, this::answerNow);
    }
  }

  private void answerNow() {
    lock.lock();
    try {
      answerDue = false;
      if (unanswered > 0) {
        answer();
      }
    } finally {
      lock.unlock();
    }
  }

  /** With the lock held. */
  private void answer() {
    unanswered = 0;
    if (open()) {
      responses.onNext(
          KvAck.newBuilder().setReceived(KvReceived.newBuilder().setNextSequence(next)).build());
    }
  }

  /** A frame has been dealt with, and another one may come: no stream holds more than one here. */
  void takeNext() {
    lock.lock();
    try {
      if (open() && !isLinked()) { // a link's frames are not asked for
        responses.request(1);
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
    closeLink(); // whose connection may carry another call already
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
  }

  /** The last word, if there was none. */
  void failed(Throwable error) {
    boolean before;
    lock.lock();
    try {
      before = ended;
      if (open()) {
        ended = true;
        responses.onError(EngineFailures.toStatus(error));
      }
    } finally {
      lock.unlock();
    }
    if (before) {
      return;
    }
    if (isLinked()) {
      Later.run(LAST_WORD_MILLIS, this::closeLink);
    } else {
      closeLink();
    }
  }

  /** Whether the last word has been said. */
  boolean isOver() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  /** The call brings no more frames. */
  void closeLink() {
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
}
