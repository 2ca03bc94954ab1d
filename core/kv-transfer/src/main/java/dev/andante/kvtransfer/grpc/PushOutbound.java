package dev.andante.kvtransfer.grpc;

import dev.andante.compute.KvLayout;
import dev.andante.kvtransfer.KvGrant;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvRun;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.protocol.v1.KvAck;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvGranted;
import dev.andante.protocol.v1.KvTransferGrpc.KvTransferStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The sending end of a transfer. Frames are written by one task at a time, while the call is ready;
 * see {@link SendQueue} for what waits meanwhile. A heartbeat goes out several times in a lease
 * until everything is sent, so that the lease outlives slow prompts and long queues; how long it
 * all may take, the call's deadline says.
 *
 * <p>When the connection breaks after the grant, another call of the same attempt goes on with the
 * first frame that is missing; after a few the transfer fails.
 */
final class PushOutbound implements KvOutbound {

  /** One may be late, another lost in a pause of either side, without the lease running out. */
  private static final int BEATS_PER_LEASE = 4;

  /** After 0.1, 0.2, … seconds: 3.1 in all, less than receivers wait. */
  private static final int MAX_REOPENS = 5;

  private static final long FIRST_PAUSE_MILLIS = 100;

  private final String target;
  private final int promptTokens;
  private final SendQueue queue;
  private final KvTransferStub stub;
  private final KvFrame open;
  private final Executor executor;
  private final KvTransferObserver observer;
  private final CompletableFuture<KvGrant> granted = new CompletableFuture<>();
  private final CompletableFuture<KvReceipt> finished = new CompletableFuture<>();
  private final AtomicInteger writeRequests = new AtomicInteger();
  private final AtomicInteger reopens = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  private volatile @Nullable Call call; // the latest; earlier ones are not listened to
  private volatile @Nullable KvGrant grant;
  private volatile @Nullable KvTransferException failure;
  private volatile long firstSentNanos;
  private volatile long committedByCallerNanos;
  private volatile boolean beatDue;

  /**
   * @param stub with the deadline of the whole transfer
   * @param open the frame that each call begins with
   */
  PushOutbound(
      String target,
      KvLayout layout,
      int promptTokens,
      int maxFrameBytes,
      KvTransferStub stub,
      KvFrame open,
      Executor executor,
      KvTransferObserver observer) {
    this.target = target;
    this.promptTokens = promptTokens;
    this.stub = stub;
    this.open = open;
    this.executor = executor;
    this.observer = observer;
    this.queue =
        new SendQueue(
            layout.bytesPerTokenLayer(),
            layout.layers(),
            layout.bytesPerToken() * promptTokens,
            maxFrameBytes);
  }

  void start() {
    Call next = new Call();
    call = next;
    try {
      stub.push(next).onNext(open);
    } catch (IllegalStateException e) {
      endedWhileWriting(e); // the call may fail before its first message
    }
    if (over.get()) { // it failed meanwhile, and did not know of this call
      requestWrite();
    }
  }

  @Override
  public CompletableFuture<KvGrant> granted() {
    return granted.copy();
  }

  @Override
  public CompletableFuture<KvReceipt> finished() {
    return finished.copy();
  }

  @Override
  public void send(int firstToken, int tokens, MemorySegment kv) {
    KvGrant given = grant;
    if (given == null) {
      fail(protocol("KV was handed over before the receiver granted blocks"));
      return;
    }
    if (over.get() || firstToken + tokens <= given.cachedTokens()) {
      return;
    }
    if (!queue.add(firstToken, tokens, kv)) {
      fail(protocol("more KV than the prompt has was handed over"));
      return;
    }
    requestWrite();
  }

  @Override
  public void commit() {
    committedByCallerNanos = System.nanoTime();
    queue.close();
    requestWrite();
  }

  @Override
  public void cancel(String reason) {
    fail(new KvTransferException(KvTransferException.CANCELLED, reason, false));
  }

  /** One call and what it has come to. Callbacks come one at a time. */
  private final class Call implements ClientResponseObserver<KvFrame, KvAck> {

    private static final long NOT_GRANTED = -1;

    private volatile @Nullable ClientCallStreamObserver<KvFrame> stream;
    private volatile long nextSequence = NOT_GRANTED;
    private volatile long lastAckNanos;
    private volatile boolean committed;
    private boolean positioned; // touched by the writer only
    private volatile boolean commitSent;

    @Override
    public void beforeStart(ClientCallStreamObserver<KvFrame> started) {
      stream = started;
      started.setOnReadyHandler(PushOutbound.this::requestWrite);
    }

    @Override
    public void onNext(KvAck ack) {
      if (!isLatest()) {
        return;
      }
      switch (ack.getAckCase()) {
        case GRANTED -> {
          nextSequence = ack.getGranted().getNextSequence();
          onGranted(ack.getGranted());
        }
        case RECEIVED -> {
          lastAckNanos = System.nanoTime();
          queue.acknowledged(ack.getReceived().getNextSequence());
        }
        case COMMITTED -> {
          lastAckNanos = System.nanoTime();
          committed = ack.getCommitted().getTokens() == promptTokens;
        }
        case ACK_NOT_SET -> fail(protocol("the receiver sent an acknowledgement without content"));
      }
    }

    @Override
    public void onError(Throwable error) {
      if (isLatest()) {
        lost(EngineFailures.fromStatus(error, target));
      }
    }

    /** The receiver's last word: only now can it not take the commit back any more. */
    @Override
    public void onCompleted() {
      if (isLatest()) {
        ended(committed, lastAckNanos);
      }
    }

    private boolean isLatest() {
      return equals(call);
    }
  }

  private void onGranted(KvGranted message) {
    KvGrant given =
        new KvGrant(message.getKvHandle(), message.getLeaseMillis(), message.getCachedTokens());
    KvGrant before = grant;
    if (before != null && before.cachedTokens() != given.cachedTokens()) {
      fail(protocol("the receiver has forgotten the transfer that broke"));
      return;
    }
    grant = given;
    granted.complete(given);
    if (before == null) {
      beatLater(Math.max(1, given.leaseMillis() / BEATS_PER_LEASE));
    }
    requestWrite();
  }

  private void ended(boolean committed, long lastAckNanos) {
    KvGrant given = grant;
    if (!committed || given == null) {
      fail(protocol("the receiver ended the stream without a commit"));
      return;
    }
    if (over.compareAndSet(false, true)) {
      long start = firstSentNanos == 0 ? lastAckNanos : firstSentNanos;
      long transfer = Math.max(0, lastAckNanos - start);
      long exposed = Math.max(0, lastAckNanos - Math.max(start, committedByCallerNanos));
      observer.onCompleted(transfer, queue.acceptedBytes());
      queue.drop();
      finished.complete(
          new KvReceipt(given, queue.acceptedBytes(), transfer / 1000, exposed / 1000));
    }
  }

  /** Goes on over another call if the connection, and not the receiver, ended this one. */
  private void lost(KvTransferException reason) {
    boolean connection =
        reason.code().equals(KvTransferException.UNAVAILABLE)
            || reason.code().equals(KvTransferException.PROTOCOL);
    int tries = reopens.get();
    if (!connection || grant == null || over.get() || tries >= MAX_REOPENS) {
      fail(reason);
      return;
    }
    reopens.incrementAndGet();
    later(
        FIRST_PAUSE_MILLIS << tries,
        () -> {
          if (!over.get()) {
            start();
          }
        });
  }

  private void beatLater(long millis) {
    later(
        millis,
        () -> {
          if (!over.get()) {
            beatDue = true;
            requestWrite();
            beatLater(millis);
          }
        });
  }

  private void later(long millis, Runnable task) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, executor).execute(task);
  }

  /** Has the frames written by one task at a time; requests made meanwhile are not lost. */
  private void requestWrite() {
    if (writeRequests.getAndIncrement() == 0) {
      executor.execute(this::write);
    }
  }

  private void write() {
    int seen = 1;
    while (seen != 0) {
      try {
        writeWhileReady();
      } catch (IllegalStateException e) {
        endedWhileWriting(e);
      }
      seen = writeRequests.addAndGet(-seen);
    }
  }

  /** The call ended between the check and the write: its observer is told why. */
  private void endedWhileWriting(IllegalStateException e) {
    if (grant == null) {
      fail(
          new KvTransferException(
              KvTransferException.UNAVAILABLE, "the call ended: " + e.getMessage(), true, e));
    }
  }

  private void writeWhileReady() {
    Call current = call;
    ClientCallStreamObserver<KvFrame> stream = current == null ? null : current.stream;
    if (current == null || stream == null) {
      return;
    }
    KvTransferException reason = failure;
    if (reason != null) {
      giveUp(stream, reason);
      return;
    }
    if (current.nextSequence == Call.NOT_GRANTED || !positioned(current)) {
      return;
    }
    if (beatDue && !over.get() && !current.commitSent && stream.isReady()) {
      beatDue = false;
      stream.onNext(KvWire.heartbeat());
    }
    while (!over.get() && stream.isReady()) {
      KvRun run = queue.take();
      if (run == null) {
        break;
      }
      if (firstSentNanos == 0) {
        firstSentNanos = System.nanoTime();
      }
      stream.onNext(KvWire.data(run));
    }
    if (!over.get() && !current.commitSent && queue.exhausted()) {
      current.commitSent = true;
      stream.onNext(KvWire.commit(queue.taken(), promptTokens));
      stream.onCompleted();
    }
  }

  /** Before the first frame of a call: what the receiver has not got is sent again. */
  private boolean positioned(Call current) {
    if (!current.positioned) {
      if (!queue.rewind(current.nextSequence)) {
        fail(protocol("the receiver wants frames again that it had acknowledged"));
        return false;
      }
      current.positioned = true;
    }
    return true;
  }

  /** The word before it spares the receiver to wait for another call. */
  private static void giveUp(ClientCallStreamObserver<KvFrame> stream, KvTransferException reason) {
    try {
      if (stream.isReady()) {
        stream.onNext(KvWire.cancel(reason.code()));
      }
    } finally {
      stream.cancel(reason.getMessage(), reason); // no effect on a call that has ended
    }
  }

  private void fail(KvTransferException reason) {
    if (!over.compareAndSet(false, true)) {
      return;
    }
    queue.drop();
    failure = reason;
    observer.onFailed(reason.code());
    granted.completeExceptionally(reason);
    finished.completeExceptionally(reason);
    requestWrite(); // which ends the call
  }

  private KvTransferException protocol(String fault) {
    return new KvTransferException(KvTransferException.PROTOCOL, target + ": " + fault, true);
  }
}
