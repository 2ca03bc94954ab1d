package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.Later;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvGranted;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One call of a transfer: what its receiver has said, and where it stands. Answers come one at a
 * time, on gRPC's threads; the methods that write are for one writer at a time, and may block it
 * where frames go over a link, until {@link #unblock} or the end of the call.
 */
final class PushCall implements ClientResponseObserver<OutFrame, KvAck> {

  /** Who is told what the calls come to. Those of earlier calls than the latest are not heard. */
  interface Events {

    boolean isLatest(PushCall call);

    /** Something can be written that could not be before. */
    void onReady();

    void onGranted(KvGranted granted);

    /** The receiver has no blocks yet; one of its signs of life. */
    void onWaiting(long leaseMillis);

    /**
     * Its first frame may be written.
     *
     * @param nextSequence the first run that the receiver has not got
     */
    void onPositioned(long nextSequence);

    /** Every run below that number has been stored. */
    void onReceived(long nextSequence);

    void onFault(String fault);

    /**
     * The receiver's last word.
     *
     * @param committedTokens as it acknowledged them
     */
    void onEnded(int committedTokens, long lastAckNanos);

    void onLost(Throwable error);
  }

  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);
  private static final long NOT_GRANTED = -1;
  private static final int NOT_COMMITTED = -1;

  /** For a word to arrive before the cancellation that would overtake it. */
  private static final long LAST_WORD_MILLIS = 1_000;

  private final Events events;
  private final CallLink link;
  private final AtomicBoolean lost = new AtomicBoolean();

  private volatile @Nullable ClientCallStreamObserver<OutFrame> stream;
  private volatile boolean begun;
  private volatile long nextSequence = NOT_GRANTED;
  private volatile long lastAckNanos;
  private volatile int committedTokens = NOT_COMMITTED;

  // Touched by the writer only.
  private boolean positioned;
  private boolean linked;
  private boolean commitSent;

  PushCall(Events events, CallLink link) {
    this.events = events;
    this.link = link;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<OutFrame> started) {
    stream = started;
    started.setOnReadyHandler(events::onReady);
  }

  @Override
  public void onNext(KvAck ack) {
    if (!events.isLatest(this)) {
      return;
    }
    switch (ack.getAckCase()) {
      case GRANTED -> {
        if (ack.getGranted().hasLink()) {
          link.offered(ack.getGranted().getLink());
        }
        nextSequence = ack.getGranted().getNextSequence();
        events.onGranted(ack.getGranted());
      }
      case RECEIVED -> {
        lastAckNanos = System.nanoTime();
        events.onReceived(ack.getReceived().getNextSequence());
      }
      case COMMITTED -> {
        lastAckNanos = System.nanoTime();
        committedTokens = ack.getCommitted().getTokens();
      }
      case WAITING -> events.onWaiting(ack.getWaiting().getLeaseMillis());
      case ACK_NOT_SET -> events.onFault("the receiver sent an acknowledgement without content");
    }
  }

  @Override
  public void onError(Throwable error) {
    link.close();
    lose(error);
  }

  /** What happens to a call that is lost already, says nothing new. */
  private void lose(Throwable error) {
    if (lost.compareAndSet(false, true) && events.isLatest(this)) {
      events.onLost(error);
    }
  }

  /** The receiver's last word: only now can it not take the commit back any more. */
  @Override
  public void onCompleted() {
    if (committedTokens == NOT_COMMITTED) {
      link.close();
    } else {
      link.done();
    }
    if (events.isLatest(this)) {
      events.onEnded(committedTokens, lastAckNanos);
    }
  }

  /** Whether another frame may be written now. */
  boolean ready() {
    ClientCallStreamObserver<OutFrame> started = stream;
    return started != null && !lost.get() && (linked || started.isReady());
  }

  /** Whether the receiver has set blocks aside for this call. */
  boolean granted() {
    return nextSequence != NOT_GRANTED;
  }

  /**
   * Before the first frame: which way frames go, and what the receiver has not got is sent again.
   *
   * @return whether that is still there
   */
  boolean position(SendQueue queue) {
    if (!positioned && queue.rewind(nextSequence)) {
      positioned = true;
      link.open();
      linked = link.isOpen();
      events.onPositioned(nextSequence);
    }
    return positioned;
  }

  boolean commitSent() {
    return commitSent;
  }

  void beat() {
    write(KvWire.heartbeat());
  }

  /** Its memory is gRPC's to hold from then on, too, unless it goes over a link. */
  void data(SendQueue.Taken taken) {
    if (linked) {
      overLink(KvWire.dataWithoutPayload(taken.run()), taken.run().payload());
    } else {
      require().onNext(new OutFrame(KvWire.data(taken.run()), taken.memory()));
    }
  }

  void commit(long frames, int tokens) {
    commitSent = true;
    write(KvWire.commit(frames, tokens));
    if (!linked) { // a link could be slower
      require().onCompleted();
    }
  }

  private void write(KvFrame frame) {
    if (linked) {
      overLink(frame, NO_PAYLOAD);
    } else {
      require().onNext(OutFrame.of(frame));
    }
  }

  private void overLink(KvFrame message, ByteBuffer payload) {
    try {
      link.write(message, payload);
    } catch (IOException e) {
      if (!link.lost(e)) {
        return;
      }
      lose(Status.UNAVAILABLE.withDescription("the link was lost: " + e).asRuntimeException());
      require().cancel("the link was lost", e);
    }
  }

  /** Writes nothing any more: from any thread, as the writer may be blocked. */
  void unblock() {
    link.close();
  }

  /**
   * Ends the call. A word before spares the receiver to wait for another call; it answers, which
   * ends this one.
   */
  void giveUp(KvTransferException reason) {
    link.close();
    ClientCallStreamObserver<OutFrame> started = require();
    Runnable cancel = () -> started.cancel(reason.getMessage(), reason); // of no effect afterwards
    boolean mayStillSpeak = linked || !commitSent;
    // Before the grant nobody holds anything, or the call may be new.
    if (granted() && mayStillSpeak && started.isReady()) {
      Later.run(LAST_WORD_MILLIS, cancel);
      started.onNext(OutFrame.of(KvWire.cancel(reason.code())));
    } else {
      cancel.run();
    }
  }

  /** It may be written to, and cancelled: gRPC fails at that while a call begins. */
  void begun() {
    begun = true;
  }

  /** Whether there is anything to write to, or to cancel. */
  boolean started() {
    return begun;
  }

  private ClientCallStreamObserver<OutFrame> require() {
    ClientCallStreamObserver<OutFrame> started = stream;
    if (started == null) {
      throw new IllegalStateException("the call has not been started");
    }
    return started;
  }
}
