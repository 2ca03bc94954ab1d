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
import dev.andante.protocol.v1.KvTransferGrpc.KvTransferStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The sending end of one Push call. Frames are written by one task at a time, while the call is
 * ready; see {@link SendQueue} for what waits meanwhile.
 */
final class PushOutbound implements KvOutbound, ClientResponseObserver<KvFrame, KvAck> {

  private final String target;
  private final int promptTokens;
  private final SendQueue queue;
  private final Executor executor;
  private final KvTransferObserver observer;
  private final CompletableFuture<KvGrant> granted = new CompletableFuture<>();
  private final CompletableFuture<KvReceipt> finished = new CompletableFuture<>();
  private final AtomicInteger writeRequests = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();

  private volatile @Nullable ClientCallStreamObserver<KvFrame> call;
  private volatile @Nullable KvGrant grant;
  private volatile boolean commitSent;
  private volatile long firstSentNanos;
  private volatile long committedByCallerNanos;
  private volatile long lastAckNanos;
  private volatile boolean committed;

  PushOutbound(
      String target,
      KvLayout layout,
      int promptTokens,
      int maxFrameBytes,
      Executor executor,
      KvTransferObserver observer) {
    this.target = target;
    this.promptTokens = promptTokens;
    this.executor = executor;
    this.observer = observer;
    this.queue =
        new SendQueue(
            layout.bytesPerTokenLayer(),
            layout.layers(),
            layout.bytesPerToken() * promptTokens,
            maxFrameBytes);
  }

  void start(KvTransferStub stub, KvFrame open) {
    try {
      stub.push(this).onNext(open);
    } catch (IllegalStateException e) {
      endedWhileWriting(e); // the call may fail before its first message
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

  @Override
  public void beforeStart(ClientCallStreamObserver<KvFrame> stream) {
    call = stream;
    stream.setOnReadyHandler(this::requestWrite);
  }

  @Override
  public void onNext(KvAck ack) {
    switch (ack.getAckCase()) {
      case GRANTED -> {
        KvGrant given =
            new KvGrant(
                ack.getGranted().getKvHandle(),
                ack.getGranted().getLeaseMillis(),
                ack.getGranted().getCachedTokens());
        grant = given;
        granted.complete(given);
      }
      case RECEIVED -> lastAckNanos = System.nanoTime();
      case COMMITTED -> {
        lastAckNanos = System.nanoTime();
        committed = ack.getCommitted().getTokens() == promptTokens;
      }
      case ACK_NOT_SET -> fail(protocol("the receiver sent an acknowledgement without content"));
    }
  }

  @Override
  public void onError(Throwable error) {
    fail(EngineFailures.fromStatus(error, target));
  }

  /** The receiver's last word: only now can it not take the commit back any more. */
  @Override
  public void onCompleted() {
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
      finished.complete(
          new KvReceipt(given, queue.acceptedBytes(), transfer / 1000, exposed / 1000));
    }
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

  /** The call ended between the check and the write; changes nothing if it is known why. */
  private void endedWhileWriting(IllegalStateException e) {
    fail(
        new KvTransferException(
            KvTransferException.UNAVAILABLE, "the call ended: " + e.getMessage(), true, e));
  }

  private void writeWhileReady() {
    ClientCallStreamObserver<KvFrame> stream = call;
    if (stream == null) {
      return;
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
    if (!over.get() && !commitSent && queue.exhausted()) {
      commitSent = true;
      stream.onNext(KvWire.commit(queue.taken(), promptTokens));
      stream.onCompleted();
    }
  }

  private void fail(KvTransferException reason) {
    if (!over.compareAndSet(false, true)) {
      return;
    }
    queue.drop();
    ClientCallStreamObserver<KvFrame> stream = call;
    if (stream != null) {
      stream.cancel(reason.getMessage(), reason); // no effect on a call that has ended
    }
    observer.onFailed(reason.code());
    granted.completeExceptionally(reason);
    finished.completeExceptionally(reason);
  }

  private KvTransferException protocol(String fault) {
    return new KvTransferException(KvTransferException.PROTOCOL, target + ": " + fault, true);
  }
}
