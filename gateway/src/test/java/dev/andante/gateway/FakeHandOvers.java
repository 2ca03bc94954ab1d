package dev.andante.gateway;

import dev.andante.protocol.v1.HandOverReply;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How a fake decode worker that stops gives its answers away. */
final class FakeHandOvers {

  /** Of the prompt that tests ask with. */
  static final int PROMPT_TOKENS = 21;

  /** What it was asked. */
  final List<HandOverRequest> asked = new CopyOnWriteArrayList<>();

  /** What happens to the next ones, in order; none = they work. */
  final Queue<StatusRuntimeException> failures = new ConcurrentLinkedQueue<>();

  /** Tokens of an answer after which it is offered; -1 = the worker does not stop. */
  volatile int offersAfter = -1;

  /** Whether generation then waits to be asked; else nobody will. */
  volatile boolean waits = true;

  /** Generated while the KV is on its way. */
  volatile int tokensMeanwhile = 2;

  private volatile boolean stopping;
  private final BlockingQueue<Optional<StreamObserver<HandOverReply>>> answers =
      new LinkedBlockingQueue<>();

  void handOver(HandOverRequest request, StreamObserver<HandOverReply> reply) {
    asked.add(request);
    StatusRuntimeException failure = failures.poll();
    if (failure != null) {
      reply.onError(failure);
    }
    answers.add(failure == null ? Optional.of(reply) : Optional.empty());
  }

  /** Whether the worker says that it stops. */
  boolean stopping() {
    return stopping;
  }

  /** Who waits for a hand-over that works; empty if it fails. */
  private Optional<StreamObserver<HandOverReply>> whenAsked() throws InterruptedException {
    var answer = answers.poll(30, TimeUnit.SECONDS);
    if (answer == null) {
      throw new IllegalStateException("nobody asked for the answer that was offered");
    }
    return answer;
  }

  /** One answer. */
  final class Stream {
    private boolean offered;
    private @Nullable StreamObserver<HandOverReply> reply;
    private int movesAt;
    private int known;

    /**
     * To be called before each token.
     *
     * @param sent tokens by this worker
     * @param position of the next token in the answer
     * @return whether the answer has moved and the stream ended
     */
    boolean moved(int sent, int position, StreamObserver<TokenChunk> call)
        throws InterruptedException {
      if (offersAfter >= 0 && !offered && sent >= offersAfter) {
        offered = true;
        stopping = true;
        call.onNext(TokenChunk.newBuilder().setDraining(true).build());
        reply = waits ? whenAsked().orElse(null) : null;
        movesAt = sent + tokensMeanwhile;
        known = position - 1; // but the last
      }
      StreamObserver<HandOverReply> asker = reply;
      if (asker == null || sent < movesAt) {
        return false;
      }
      HandOverRequest request = asked.getLast();
      call.onNext(
          TokenChunk.newBuilder()
              .setMoved(
                  KvMoved.newBuilder()
                      .setKvHandle("kv/" + request.getAttempt().getRequestId() + "/" + known)
                      .setKvTarget(request.getKvTarget())
                      .setEpoch(request.getEpoch())
                      .setTokens(PROMPT_TOKENS + known))
              .build());
      call.onCompleted();
      asker.onNext(HandOverReply.getDefaultInstance());
      asker.onCompleted();
      return true;
    }
  }

  Stream stream() {
    return new Stream();
  }
}
