package dev.andante.kvtransfer.grpc;

import dev.andante.compute.KvLayout;
import dev.andante.engine.KvView;
import dev.andante.kvtransfer.KvGrant;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.KvTransferObserver;
import dev.andante.kvtransfer.Payloads;
import dev.andante.kvtransfer.link.Links;
import dev.andante.protocol.v1.KvFrame;
import dev.andante.protocol.v1.KvGranted;
import io.grpc.stub.StreamObserver;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sending end of a transfer: what it has come to, and over which call it goes on. A {@link
 * PushWriter} writes; see {@link SendQueue} for what waits meanwhile. A heartbeat goes out several
 * times in a lease until everything is sent, so that the lease outlives slow prompts and long
 * queues; how long it all may take, the call's deadline says.
 *
 * <p>Where the receiver has no room yet, what is handed over waits for the grant.
 *
 * <p>When the connection breaks after the grant, another call of the same attempt goes on with the
 * first frame that is missing; after a few the transfer fails.
 */
final class PushOutbound implements KvOutbound, PushCall.Events, PushWriter.Transfer {

  private static final System.Logger LOG = System.getLogger(PushOutbound.class.getName());

  /** One may be late, another lost in a pause of either side, without the lease running out. */
  private static final int BEATS_PER_LEASE = 4;

  /** Who wants to know when no more than that is kept. */
  private record Waiting(long bytes, CompletableFuture<@Nullable Void> told) {}

  private final String target;
  private final int promptTokens;
  private final SendQueue queue;
  private final Function<PushCall, StreamObserver<OutFrame>> calls;
  private final Links links;
  private final KvFrame open;
  private final Executor executor;
  private final KvTransferObserver observer;
  private final PushWriter writer;
  private final SignsOfLife signs; // of a receiver that makes us wait
  private final ReopenSchedule schedule = new ReopenSchedule();
  private final CompletableFuture<@Nullable Void> waiting = new CompletableFuture<>();
  private final CompletableFuture<KvGrant> granted = new CompletableFuture<>();
  private final CompletableFuture<KvReceipt> finished = new CompletableFuture<>();
  private final AtomicBoolean over = new AtomicBoolean();

  private volatile @Nullable KvGrant grant;
  private volatile long committedByCallerNanos;
  private volatile @Nullable Waiting stored; // who asked last
  private boolean begun; // touched by the writer only

  /**
   * @param calls starts a call that the given one hears of; with the deadline of the whole transfer
   * @param links that frames may go over
   * @param open the frame that each call begins with
   */
  PushOutbound(
      String target,
      KvLayout layout,
      int promptTokens,
      int maxFrameBytes,
      Function<PushCall, StreamObserver<OutFrame>> calls,
      Links links,
      KvFrame open,
      Executor executor,
      KvTransferObserver observer,
      Payloads payloads) {
    this.target = target;
    this.promptTokens = promptTokens;
    this.calls = calls;
    this.links = links;
    this.open = open;
    this.executor = executor;
    this.observer = observer;
    this.signs = new SignsOfLife(executor);
    this.queue = new SendQueue(payloads, layout, promptTokens, maxFrameBytes);
    this.writer = new PushWriter(this, queue, promptTokens, executor);
  }

  void start() {
    start(new CallLink(links, observer, target));
  }

  /** The link may be what broke; a call without one costs more, and is one thing less to break. */
  private void startAgain() {
    CallLink none = new CallLink(links, observer, target);
    none.close();
    start(none);
  }

  private void start(CallLink link) {
    PushCall next = new PushCall(this, link);
    writer.use(next); // earlier ones are not listened to
    try {
      StreamObserver<OutFrame> frames = calls.apply(next);
      next.begun();
      frames.onNext(OutFrame.of(open));
    } catch (IllegalStateException e) {
      onEndedWhileWriting(e); // the call may fail before its first message
    }
    if (over.get()) { // it failed meanwhile, and did not know of this call
      writer.request();
    }
  }

  @Override
  public CompletableFuture<KvGrant> granted() {
    return granted.copy();
  }

  @Override
  public CompletableFuture<@Nullable Void> waiting() {
    return waiting.copy();
  }

  @Override
  public CompletableFuture<KvReceipt> finished() {
    return finished.copy();
  }

  @Override
  public void send(int firstToken, int tokens, KvView kv) {
    if (!isTaken()) {
      onFault("KV was handed over before the receiver granted blocks");
      return;
    }
    if (over.get()) {
      return;
    }
    if (!queue.add(firstToken, tokens, kv)) {
      onFault("more KV than the prompt has was handed over");
      return;
    }
    writer.request();
  }

  @Override
  public CompletableFuture<@Nullable Void> keptAtMost(long bytes) {
    CompletableFuture<@Nullable Void> asked = new CompletableFuture<>();
    var _ =
        finished.whenComplete(
            (_, failed) -> {
              if (failed != null) {
                asked.completeExceptionally(failed);
              } else {
                asked.complete(null);
              }
            });
    stored = new Waiting(bytes, asked);
    tellIfStored();
    return asked;
  }

  private void tellIfStored() {
    Waiting asked = stored;
    if (asked != null && queue.kept() <= asked.bytes() && !over.get()) { // failing empties it too
      asked.told().complete(null);
    }
  }

  @Override
  public void commit() {
    committedByCallerNanos = System.nanoTime();
    queue.close();
    writer.request();
  }

  @Override
  public void cancel(String reason) {
    fail(new KvTransferException(KvTransferException.CANCELLED, reason, false));
  }

  @Override
  public boolean isLatest(PushCall candidate) {
    return writer.uses(candidate);
  }

  @Override
  public void onReady() {
    writer.request();
  }

  @Override
  public void onGranted(KvGranted message) {
    KvGrant before = grant;
    String fault = GrantCheck.faultOf(message, open.getOpen(), before);
    if (fault != null) {
      onFault(fault);
      return;
    }
    KvGrant given = KvWire.grant(message);
    grant = given;
    if (before == null) {
      queue.begin(given.cachedTokens(), given.coding());
    }
    granted.complete(given);
    if (before == null) {
      beatLater(Math.max(1, given.leaseMillis() / BEATS_PER_LEASE));
    }
    writer.request();
  }

  @Override
  public void onWaiting(long leaseMillis) {
    signs.seen();
    if (waiting.complete(null)) {
      signs.watch(leaseMillis, () -> grant == null && !over.get(), this::onSilent);
    }
  }

  /** Whether the receiver has blocks for us, or means to have some. */
  private boolean isTaken() {
    return grant != null || waiting.isDone();
  }

  /** What is kept for a receiver that is silent is kept no longer than it asked for. */
  private void onSilent(long millis) {
    fail(
        new KvTransferException(
            KvTransferException.LEASE_EXPIRED,
            target + " made us wait for KV blocks and fell silent for " + millis + " ms",
            true));
  }

  @Override
  public void onPositioned(long nextSequence) {
    if (begun) {
      observer.onResumed();
      LOG.log(
          System.Logger.Level.INFO,
          "KV transfer of {0}, attempt {1}, goes on over another call to {2}; frame {3} is next",
          open.getOpen().getAttempt().getRequestId(),
          open.getOpen().getAttempt().getEpoch(),
          target,
          Long.toString(nextSequence));
    }
    begun = true;
    onReceived(nextSequence); // what the call that broke may not have brought word of
  }

  @Override
  public void onReceived(long nextSequence) {
    queue.acknowledged(nextSequence);
    tellIfStored();
  }

  @Override
  public void onEnded(int committedTokens, long lastAckNanos) {
    KvGrant given = grant;
    if (committedTokens != promptTokens || given == null) {
      onFault("the receiver ended the stream without a commit");
      return;
    }
    if (over.compareAndSet(false, true)) {
      long firstSent = writer.firstSentNanos();
      long start = firstSent == 0 ? lastAckNanos : firstSent;
      long transfer = Math.max(0, lastAckNanos - start);
      long exposed = Math.max(0, lastAckNanos - Math.max(start, committedByCallerNanos));
      observer.onCompleted(transfer, queue.acceptedBytes(), given.cachedTokens());
      queue.drop();
      finished.complete(
          new KvReceipt(given, queue.acceptedBytes(), transfer / 1000, exposed / 1000));
    }
  }

  /** Goes on over another call if the connection, and not the receiver, ended this one. */
  @Override
  public void onLost(Throwable error) {
    KvTransferException reason = EngineFailures.fromStatus(error, target);
    OptionalLong pause =
        over.get() || !isTaken() ? OptionalLong.empty() : schedule.pauseAfter(reason);
    if (pause.isEmpty()) {
      fail(reason);
      return;
    }
    later(
        pause.getAsLong(),
        () -> {
          if (!over.get()) {
            startAgain();
          }
        });
  }

  @Override
  public void onFault(String fault) {
    fail(new KvTransferException(KvTransferException.PROTOCOL, target + ": " + fault, true));
  }

  private void beatLater(long millis) {
    later(
        millis,
        () -> {
          if (!over.get()) {
            writer.beat();
            beatLater(millis);
          }
        });
  }

  private void later(long millis, Runnable task) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, executor).execute(task);
  }

  @Override
  public boolean isOver() {
    return over.get();
  }

  @Override
  public void onEndedWhileWriting(IllegalStateException e) {
    if (!isTaken()) {
      fail(
          new KvTransferException(
              KvTransferException.UNAVAILABLE, "the call ended: " + e.getMessage(), true, e));
    }
  }

  private void fail(KvTransferException reason) {
    if (!over.compareAndSet(false, true)) {
      return;
    }
    queue.drop();
    observer.onFailed(reason.code());
    granted.completeExceptionally(reason);
    finished.completeExceptionally(reason);
    writer.giveUp(reason);
  }
}
