package dev.andante.kvtransfer.grpc;

import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.kvtransfer.KvInbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvCommit;
import dev.andante.protocol.v1.KvCommitted;
import dev.andante.protocol.v1.KvData;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvOpen;
import dev.andante.protocol.v1.KvReceived;
import dev.andante.protocol.v1.KvWaiting;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of one Push call. Frames come one at a time on gRPC's threads; answers leave
 * from the engine thread as the engine completes its futures. How many frames are held here, {@link
 * FairCredit} says; more stay in the sender's flow control.
 */
final class PushInbound implements StreamObserver<KvFrame> {

  /** What a sender keeps for us it keeps this long after our last sign of life. */
  private static final long WAITING_LEASE_MILLIS = 5_000;

  private static final long WAITING_SIGN_MILLIS = 1_000;

  private static final KvAck WAITING =
      KvAck.newBuilder()
          .setWaiting(KvWaiting.newBuilder().setLeaseMillis(WAITING_LEASE_MILLIS))
          .build();

  private final ServerCallStreamObserver<KvAck> responses;
  private final Supplier<KvReceiver> receiver;
  private final FairCredit credit;
  private final ReentrantLock responseLock = new ReentrantLock();

  // Guarded by responseLock.
  private boolean ended;
  private FairCredit.@Nullable Account account; // from the grant on

  // Touched by gRPC's serialised callbacks only.
  private @Nullable KvInbound inbound;
  private int stream;
  private boolean commitSeen;

  PushInbound(
      ServerCallStreamObserver<KvAck> responses, Supplier<KvReceiver> receiver, FairCredit credit) {
    this.responses = responses;
    this.receiver = receiver;
    this.credit = credit;
  }

  void start() {
    responses.disableAutoRequest();
    responses.setOnCancelHandler(
        () -> {
          broken("the sender was lost, or its deadline passed");
          closeAccount();
        });
    responses.request(1); // before the grant there is nothing to bring but the wish for it
  }

  @Override
  public void onNext(KvFrame frame) {
    switch (frame.getFrameCase()) {
      case OPEN -> open(frame.getOpen());
      case DATA -> data(frame.getData());
      case COMMIT -> commit(frame.getCommit());
      case HEARTBEAT -> beat();
      case CANCEL -> giveUp("the sender gave up: " + frame.getCancel().getReason());
      case FRAME_NOT_SET -> refuse("a frame without content");
    }
  }

  @Override
  public void onError(Throwable error) {
    broken("the connection was lost");
  }

  @Override
  public void onCompleted() {
    if (!commitSeen) {
      refuse("the stream ended before a commit");
    }
  }

  private void open(KvOpen open) {
    if (inbound != null) {
      refuse("a second open");
      return;
    }
    if (open.getAttempt().getRequestId().isEmpty()) {
      end(new EngineException(Code.INVALID_REQUEST, "attempt.request_id is empty"));
      return;
    }
    KvInbound opened;
    try {
      opened =
          receiver
              .get()
              .open(
                  KvWire.attempt(open),
                  KvWire.format(open.getHandshake()),
                  KvWire.prompt(open),
                  KvWire.patience(open));
    } catch (RuntimeException e) {
      end(e);
      return;
    }
    inbound = opened;
    stream = opened.streams();
    long next = opened.nextSequence();
    CompletableFuture<KvReservation> reservation = opened.reservation();
    var _ = opened.waiting().thenRun(() -> sayWaiting(reservation));
    var _ =
        reservation.whenComplete(
            (made, error) -> {
              if (error != null) {
                end(error);
              } else {
                grant(granted(made, next));
              }
            });
  }

  /** Signs of life until blocks are granted, or never will be. */
  private void sayWaiting(CompletableFuture<KvReservation> reservation) {
    responseLock.lock();
    try {
      if (ended || reservation.isDone() || responses.isCancelled()) {
        return;
      }
      responses.onNext(WAITING);
    } finally {
      responseLock.unlock();
    }
    CompletableFuture.delayedExecutor(WAITING_SIGN_MILLIS, TimeUnit.MILLISECONDS)
        .execute(() -> sayWaiting(reservation));
  }

  private void data(KvData data) {
    KvInbound current = inbound;
    if (current == null) {
      refuse("data before open");
      return;
    }
    var _ =
        current
            .store(KvWire.run(data))
            .whenComplete(
                (next, error) -> {
                  if (error != null) {
                    end(error);
                  } else {
                    answer(received(next));
                  }
                });
  }

  private void beat() {
    KvInbound current = inbound;
    if (current == null) {
      refuse("a heartbeat before open");
      return;
    }
    var _ =
        current
            .beat()
            .whenComplete(
                (_, error) -> {
                  if (error != null) {
                    end(error);
                  } else {
                    takeNext();
                  }
                });
  }

  private void commit(KvCommit commit) {
    KvInbound current = inbound;
    if (current == null) {
      refuse("commit before open");
      return;
    }
    commitSeen = true;
    var _ =
        current
            .commit(commit.getFrames(), commit.getTokens())
            .whenComplete(
                (_, error) -> {
                  if (error != null) {
                    end(error);
                  } else {
                    finish(current, committed(commit.getTokens()));
                  }
                });
  }

  private void refuse(String fault) {
    giveUp(fault);
    end(new EngineException(Code.BAD_FRAME, "the KV stream had " + fault));
  }

  private void broken(String reason) {
    KvInbound current = inbound;
    if (current != null) {
      current.suspend(stream, reason);
    }
  }

  private void giveUp(String reason) {
    KvInbound current = inbound;
    if (current != null) {
      current.cancel(reason);
    }
  }

  private void grant(KvAck ack) {
    responseLock.lock();
    try {
      if (!ended && !responses.isCancelled()) {
        FairCredit.Account opened = credit.open();
        account = opened;
        responses.onNext(ack);
        responses.request(opened.settle(0));
      }
    } finally {
      responseLock.unlock();
    }
    if (responses.isCancelled()) { // perhaps before there was an account to close
      closeAccount();
    }
  }

  private void answer(KvAck ack) {
    responseLock.lock();
    try {
      if (!ended && !responses.isCancelled()) {
        responses.onNext(ack);
        settle();
      }
    } finally {
      responseLock.unlock();
    }
  }

  /** A frame has been dealt with. With the lock held. */
  private void settle() {
    FairCredit.Account current = account;
    int more = current == null ? 1 : current.settle(1);
    if (more > 0) {
      responses.request(more);
    }
  }

  private void closeAccount() {
    responseLock.lock();
    try {
      FairCredit.Account current = account;
      if (current != null) {
        current.close();
      }
    } finally {
      responseLock.unlock();
    }
  }

  /** For a frame that gets no answer. */
  private void takeNext() {
    responseLock.lock();
    try {
      if (!ended && !responses.isCancelled()) {
        settle();
      }
    } finally {
      responseLock.unlock();
    }
  }

  private void finish(KvInbound done, KvAck last) {
    responseLock.lock();
    try {
      if (!ended && !responses.isCancelled()) {
        ended = true;
        responses.onNext(last);
        responses.onCompleted();
        done.delivered();
      }
    } finally {
      responseLock.unlock();
    }
    closeAccount();
  }

  private void end(Throwable error) {
    responseLock.lock();
    try {
      if (!ended && !responses.isCancelled()) {
        ended = true;
        responses.onError(EngineFailures.toStatus(error));
      }
    } finally {
      responseLock.unlock();
    }
    closeAccount();
  }

  private static KvAck granted(KvReservation made, long next) {
    return KvAck.newBuilder()
        .setGranted(
            KvGranted.newBuilder()
                .setKvHandle(made.handle())
                .setLeaseMillis(made.leaseMillis())
                .setCachedTokens(made.cachedTokens())
                .setNextSequence(next))
        .build();
  }

  private static KvAck received(long next) {
    return KvAck.newBuilder().setReceived(KvReceived.newBuilder().setNextSequence(next)).build();
  }

  private static KvAck committed(int tokens) {
    return KvAck.newBuilder().setCommitted(KvCommitted.newBuilder().setTokens(tokens)).build();
  }
}
