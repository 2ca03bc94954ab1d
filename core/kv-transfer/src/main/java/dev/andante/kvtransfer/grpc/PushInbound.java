package dev.andante.kvtransfer.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.KvInbound;
import dev.andante.kvtransfer.KvReceiver;
import dev.andante.kvtransfer.KvRun;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.Later;
import dev.andante.kvtransfer.link.FrameReceiver;
import dev.andante.kvtransfer.link.InFrame;
import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvCommit;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvOpen;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of one Push call. Frames come one at a time, on gRPC's threads or, after the
 * first one, on a link's; a sender that gives up says so on the call, whichever way its frames
 * come. The thread that brings a run stores it, so a stream holds one frame here at a time, however
 * many there are and however big; more stay in the sender's flow control.
 */
final class PushInbound implements StreamObserver<InFrame>, FrameReceiver {

  /** A sender that gives up closes its link, perhaps before its word of it is here. */
  private static final long LAST_WORD_MILLIS = 500;

  private final ServerCallStreamObserver<KvAck> responses;
  private final Supplier<KvReceiver> receiver;
  private final PushAnswers answers;
  private final @Nullable LinkServer links;

  // Written by gRPC's serialised callbacks; a link's thread reads them after the grant.
  private volatile @Nullable KvInbound inbound;
  private volatile int stream;
  private volatile boolean commitSeen;

  PushInbound(
      ServerCallStreamObserver<KvAck> responses,
      Supplier<KvReceiver> receiver,
      @Nullable LinkServer links) {
    this.responses = responses;
    this.receiver = receiver;
    this.links = links;
    this.answers = new PushAnswers(responses);
  }

  void start() {
    responses.disableAutoRequest();
    responses.setOnCancelHandler(
        () -> {
          broken("the sender was lost, or its deadline passed");
          answers.closeLink();
        });
    responses.request(1); // before the grant there is nothing to bring but the wish for it
  }

  @Override
  public void onNext(InFrame came) {
    KvFrame frame = came.frame();
    try {
      if (answers.isOver()) {
        return; // a link brings what was on its way
      }
      switch (frame.getFrameCase()) {
        case OPEN -> open(frame.getOpen());
        case DATA -> data(KvWire.run(frame.getData(), came.payload()));
        case COMMIT -> commit(frame.getCommit());
        case HEARTBEAT -> beat();
        case CANCEL -> cancelled(frame.getCancel().getReason());
        case FRAME_NOT_SET -> refuse("a frame without content");
      }
    } finally {
      came.release();
    }
  }

  @Override
  public void onFrame(InFrame frame) {
    onNext(frame);
  }

  @Override
  public void onLinkLost(IOException cause) {
    if (cause instanceof InvalidProtocolBufferException) {
      refuse("something that is no frame: " + cause.getMessage());
      return;
    }
    broken("the link was lost");
    Later.run(
        LAST_WORD_MILLIS,
        () ->
            answers.failed(
                new KvTransferException(
                    KvTransferException.UNAVAILABLE,
                    "the KV link was lost: " + cause,
                    true,
                    cause)));
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
                answers.granted(made, next, opened.coding(), link(open));
              }
            });
  }

  private PushAnswers.@Nullable Link link(KvOpen open) {
    LinkServer server = links;
    return server == null || !open.getTakesLink() || !server.hasRoom()
        ? null
        : new PushAnswers.Link(server.advertisedPort(), server.admit(this));
  }

  private void data(KvRun run) {
    KvInbound current = inbound;
    if (current == null) {
      refuse("data before open");
      return;
    }
    int bytes = run.payload().remaining();
    try {
      answers.stored(current.store(run), bytes);
    } catch (EngineException e) {
      answers.failed(e);
    }
  }

  private void beat() {
    KvInbound current = inbound;
    if (current == null) {
      refuse("a heartbeat before open");
      return;
    }
    try {
      current.beat();
      answers.takeNext();
    } catch (EngineException e) {
      answers.failed(e);
    }
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

  private void cancelled(String reason) {
    String what = "the sender gave up: " + reason;
    giveUp(what);
    answers.failed(new KvTransferException(KvTransferException.CANCELLED, what, false));
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
