package dev.andante.kvtransfer.grpc;

import dev.andante.kvtransfer.KvTransferException;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvGranted;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import org.jspecify.annotations.Nullable;

/**
 * One call of a transfer: what its receiver has said, and where it stands. Answers come one at a
 * time, on gRPC's threads; the methods that write are for one writer at a time.
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

  private static final long NOT_GRANTED = -1;
  private static final int NOT_COMMITTED = -1;

  private final Events events;

  private volatile @Nullable ClientCallStreamObserver<OutFrame> stream;
  private volatile boolean begun;
  private volatile long nextSequence = NOT_GRANTED;
  private volatile long lastAckNanos;
  private volatile int committedTokens = NOT_COMMITTED;

  // Touched by the writer only.
  private boolean positioned;
  private boolean commitSent;

  PushCall(Events events) {
    this.events = events;
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
    if (events.isLatest(this)) {
      events.onLost(error);
    }
  }

  /** The receiver's last word: only now can it not take the commit back any more. */
  @Override
  public void onCompleted() {
    if (events.isLatest(this)) {
      events.onEnded(committedTokens, lastAckNanos);
    }
  }

  /** Whether the link takes another frame now. */
  boolean ready() {
    ClientCallStreamObserver<OutFrame> started = stream;
    return started != null && started.isReady();
  }

  /** Whether the receiver has set blocks aside for this call. */
  boolean granted() {
    return nextSequence != NOT_GRANTED;
  }

  /**
   * Before the first frame: what the receiver has not got is sent again.
   *
   * @return whether that is still there
   */
  boolean position(SendQueue queue) {
    if (!positioned && queue.rewind(nextSequence)) {
      positioned = true;
      events.onPositioned(nextSequence);
    }
    return positioned;
  }

  boolean commitSent() {
    return commitSent;
  }

  void beat() {
    require().onNext(OutFrame.of(KvWire.heartbeat()));
  }

  /** Its memory is gRPC's to hold from then on, too. */
  void data(SendQueue.Taken taken) {
    require().onNext(new OutFrame(KvWire.data(taken.run()), taken.memory()));
  }

  void commit(long frames, int tokens) {
    commitSent = true;
    ClientCallStreamObserver<OutFrame> started = require();
    started.onNext(OutFrame.of(KvWire.commit(frames, tokens)));
    started.onCompleted();
  }

  /** Ends the call. The word before spares the receiver to wait for another one. */
  void giveUp(KvTransferException reason) {
    ClientCallStreamObserver<OutFrame> started = require();
    try {
      if (granted() && started.isReady()) { // before, nobody holds anything, or the call may be new
        started.onNext(OutFrame.of(KvWire.cancel(reason.code())));
      }
    } finally {
      started.cancel(reason.getMessage(), reason); // no effect on a call that has ended
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
