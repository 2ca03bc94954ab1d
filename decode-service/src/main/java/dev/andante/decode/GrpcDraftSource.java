package dev.andante.decode;

import dev.andante.engine.DraftSource;
import dev.andante.protocol.v1.DraftGrpc;
import dev.andante.protocol.v1.DraftReply;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.protocol.v1.Proposal;
import dev.andante.service.grpc.Failures;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drafts from a draft service, over one long-lived stream. The engine thread only leaves notes in
 * {@link DraftContexts}; a thread of this source sends them, everything that has gathered in one
 * message, one message under way at a time, so that a slow service makes messages bigger, not more.
 * A stream that is lost, or does not answer for {@code stall}, is made again with growing pauses
 * and told all contexts anew; meanwhile there are no drafts.
 */
@SuppressWarnings("ReferenceEquality") // is it the very stream that is current
final class GrpcDraftSource implements DraftSource {

  private static final Logger LOG = LoggerFactory.getLogger(GrpcDraftSource.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  /** A call that has not failed for so long has somebody at its other end. */
  private static final Duration SETTLED = Duration.ofSeconds(1);

  private final ManagedChannel channel;
  private final Duration stall;
  private final LongConsumer roundTripNanos;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by lock.
  private final DraftContexts contexts = new DraftContexts();
  private @Nullable ClientCallStreamObserver<DraftRequest> stream;
  private long askedRound;
  private long askedNanos;
  private long answeredRound;
  private long openedNanos;
  private boolean everAnswered;
  private boolean failed;
  private boolean closed;

  /**
   * @param channel this source's, closed with it
   * @param stall longest wait for the answer to a message
   * @param roundTripNanos told how long each answer took
   */
  GrpcDraftSource(ManagedChannel channel, Duration stall, LongConsumer roundTripNanos) {
    this.channel = channel;
    this.stall = stall;
    this.roundTripNanos = roundTripNanos;
    this.thread = Thread.ofPlatform().daemon(true).name("andante-draft-link").unstarted(this::run);
  }

  GrpcDraftSource start() {
    thread.start();
    return this;
  }

  @Override
  public void append(String sequence, int offset, int[] tokens, int maxTokens) {
    lock.lock();
    try {
      contexts.append(sequence, offset, tokens, maxTokens);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void end(String sequence) {
    lock.lock();
    try {
      contexts.end(sequence);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<Draft> propose(long maxWaitNanos) {
    lock.lock();
    try {
      long left = maxWaitNanos;
      while (left > 0 && stream != null && (contexts.wantsToSpeak() || underWay())) {
        left = changed.awaitNanos(left);
      }
      return contexts.takeDrafts();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    ClientCallStreamObserver<DraftRequest> last;
    lock.lock();
    try {
      closed = true;
      last = stream;
      stream = null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (last != null) {
      last.cancel("it is not needed any more", null);
    }
    channel.shutdownNow();
  }

  /**
   * Whether there is no reason to believe that nobody answers there: it has not failed, or has
   * answered since, or has not failed again for a while.
   */
  boolean usable() {
    lock.lock();
    try {
      return !failed
          || (stream != null
              && (everAnswered || System.nanoTime() - openedNanos > SETTLED.toNanos()));
    } finally {
      lock.unlock();
    }
  }

  private boolean underWay() {
    return answeredRound < askedRound;
  }

  private void run() {
    Duration pause = FIRST_PAUSE;
    while (connect()) {
      boolean answered = talk();
      pause = answered ? FIRST_PAUSE : min(pause.multipliedBy(2), LONGEST_PAUSE);
      if (!rest(pause)) {
        return;
      }
    }
  }

  private boolean connect() {
    Replies replies = new Replies();
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      askedRound = 0;
      answeredRound = 0;
      everAnswered = false;
      openedNanos = System.nanoTime();
      contexts.forgetWhatWasSaid();
      DraftGrpc.newStub(channel).propose(replies);
      stream = replies.ended ? null : replies.call; // a call may fail before this returns
      failed |= replies.ended;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Sends what gathers until the stream is lost; whether it ever answered. */
  private boolean talk() {
    while (true) {
      ClientCallStreamObserver<DraftRequest> current;
      DraftRequest next;
      lock.lock();
      try {
        if (!awaitSomethingToSay()) {
          return everAnswered;
        }
        current = stream;
        if (current == null) {
          return everAnswered;
        }
        next = contexts.message(++askedRound);
        askedNanos = System.nanoTime();
      } catch (InterruptedException e) {
        return false;
      } finally {
        lock.unlock();
      }
      try {
        current.onNext(next);
      } catch (IllegalStateException e) {
        lost(current, "the call ended: " + e.getMessage());
      }
    }
  }

  /** False when the stream is lost, by its own end or by silence. Called with the lock held. */
  private boolean awaitSomethingToSay() throws InterruptedException {
    long left = stall.toNanos();
    while (!closed && stream != null && (underWay() || !contexts.wantsToSpeak())) {
      if (!underWay()) {
        changed.await();
        left = stall.toNanos();
      } else if (left > 0) {
        left = changed.awaitNanos(left);
      } else {
        lost(stream, "no answer for " + stall);
      }
    }
    return !closed && stream != null;
  }

  /** False when closed. */
  private boolean rest(Duration pause) {
    lock.lock();
    try {
      long left = pause.toNanos();
      while (!closed && left > 0) {
        left = changed.awaitNanos(left);
      }
      return !closed;
    } catch (InterruptedException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void onReply(ClientCallStreamObserver<DraftRequest> call, DraftReply reply) {
    lock.lock();
    try {
      if (call != stream) {
        return;
      }
      if (!everAnswered) {
        LOG.info("draft service connected");
      }
      everAnswered = true;
      failed = false;
      if (underWay() && reply.getRound() == askedRound) {
        roundTripNanos.accept(System.nanoTime() - askedNanos);
      }
      answeredRound = Math.max(answeredRound, reply.getRound());
      for (Proposal proposal : reply.getProposalsList()) {
        contexts.proposed(proposal);
      }
      reply.getUnknownList().forEach(contexts::sayAgain);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void lost(@Nullable ClientCallStreamObserver<DraftRequest> call, String reason) {
    lock.lock();
    try {
      if (call == null || call != stream) {
        return;
      }
      stream = null;
      failed = true;
      if (everAnswered) {
        LOG.warn("draft service lost ({}); decoding goes on without drafts", reason);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    call.cancel(reason, null);
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /** Answers of one stream. */
  private final class Replies implements ClientResponseObserver<DraftRequest, DraftReply> {
    private @Nullable ClientCallStreamObserver<DraftRequest> call;
    private boolean ended; // guarded by lock

    @Override
    public void beforeStart(ClientCallStreamObserver<DraftRequest> requests) {
      call = requests;
    }

    @Override
    public void onNext(DraftReply reply) {
      ClientCallStreamObserver<DraftRequest> mine = call;
      if (mine != null) {
        onReply(mine, reply);
      }
    }

    @Override
    public void onError(Throwable error) {
      end(Failures.describe(error));
    }

    @Override
    public void onCompleted() {
      end("it ended the stream");
    }

    private void end(String reason) {
      lock.lock();
      try {
        ended = true;
      } finally {
        lock.unlock();
      }
      lost(call, reason);
    }
  }
}
