package dev.andante.kvtransfer.grpc;

import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvInbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvCommit;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvOpen;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of one Push call. Frames come one at a time on gRPC's threads; {@link
 * PushAnswers} leave from the engine thread as the engine completes its futures. How many frames
 * are held here, {@link FairCredit} says; more stay in the sender's flow control.
 */
final class PushInbound implements StreamObserver<InFrame> {

  private final ServerCallStreamObserver<KvAck> responses;
  private final Supplier<KvReceiver> receiver;
  private final PushAnswers answers;

  // Touched by gRPC's serialised callbacks only.
  private @Nullable KvInbound inbound;
  private int stream;
  private boolean commitSeen;

  PushInbound(
      ServerCallStreamObserver<KvAck> responses, Supplier<KvReceiver> receiver, FairCredit credit) {
    this.responses = responses;
    this.receiver = receiver;
    this.answers = new PushAnswers(responses, credit);
  }

  void start() {
    responses.disableAutoRequest();
    responses.setOnCancelHandler(
        () -> {
          broken("the sender was lost, or its deadline passed");
          answers.closeAccount();
        });
    responses.request(1); // before the grant there is nothing to bring but the wish for it
  }

  @Override
  public void onNext(InFrame came) {
    KvFrame frame = came.frame();
    switch (frame.getFrameCase()) {
      case OPEN -> open(frame.getOpen());
      case DATA -> {
        data(came);
        return; // its content is needed for longer
      }
      case COMMIT -> commit(frame.getCommit());
      case HEARTBEAT -> beat();
      case CANCEL -> giveUp("the sender gave up: " + frame.getCancel().getReason());
      case FRAME_NOT_SET -> refuse("a frame without content");
    }
    came.release();
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
      answers.failed(new EngineException(Code.INVALID_REQUEST, "attempt.request_id is empty"));
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
                  KvWire.patience(open),
                  KvCoding.chosenFrom(open.getCodingsList()));
    } catch (RuntimeException e) {
      answers.failed(e);
      return;
    }
    inbound = opened;
    stream = opened.streams();
    long next = opened.nextSequence();
    CompletableFuture<KvReservation> reservation = opened.reservation();
    var _ = opened.waiting().thenRun(() -> answers.waiting(reservation::isDone));
    var _ =
        reservation.whenComplete(
            (made, error) -> {
              if (error != null) {
                answers.failed(error);
              } else {
                answers.granted(made, next, opened.coding());
              }
            });
  }

  private void data(InFrame came) {
    KvInbound current = inbound;
    if (current == null) {
      refuse("data before open");
      return;
    }
    answers.storing();
    var _ =
        current
            .store(KvWire.run(came.frame().getData()))
            .whenComplete(
                (next, error) -> {
                  if (error != null) {
                    answers.failed(error); // perhaps the engine has not let go of the run
                  } else {
                    came.release();
                    answers.stored(next);
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
                    answers.failed(error);
                  } else {
                    answers.takeNext();
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
                    answers.failed(error);
                  } else {
                    answers.committed(commit.getTokens(), current::delivered);
                  }
                });
  }

  private void refuse(String fault) {
    giveUp(fault);
    answers.failed(new EngineException(Code.BAD_FRAME, "the KV stream had " + fault));
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
}
