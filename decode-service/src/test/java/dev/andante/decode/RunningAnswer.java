package dev.andante.decode;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.HandOverReply;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A Decode call whose chunks are kept as they come. */
final class RunningAnswer implements StreamObserver<TokenChunk> {

  private final Worker worker;
  private final DecodeRequest request;
  private final List<Integer> tokens = new ArrayList<>();
  private final CompletableFuture<TokenChunk> end = new CompletableFuture<>();
  private TokenChunk last = TokenChunk.getDefaultInstance();
  private volatile boolean offered;

  private RunningAnswer(Worker worker, DecodeRequest request) {
    this.worker = worker;
    this.request = request;
  }

  static RunningAnswer start(Worker worker, DecodeRequest request) {
    RunningAnswer answer = new RunningAnswer(worker, request);
    DecodeGrpc.newStub(worker.channel())
        .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
        .decode(request, answer);
    return answer;
  }

  @Override
  public synchronized void onNext(TokenChunk chunk) {
    chunk.getTokensList().stream().map(Token::getId).forEach(tokens::add);
    offered |= chunk.getDraining();
    last = chunk;
  }

  @Override
  public void onError(Throwable error) {
    end.completeExceptionally(error);
  }

  @Override
  public synchronized void onCompleted() {
    end.complete(last);
  }

  synchronized List<Integer> tokens() {
    return List.copyOf(tokens);
  }

  /** Whether the worker has said that it would hand the answer over. */
  boolean offered() {
    return offered;
  }

  RunningAnswer awaitTokens(int count) {
    Await.until(() -> tokens().size() >= count, () -> "only " + tokens().size() + " tokens");
    return this;
  }

  /** Its last chunk; fails with what the call failed with. */
  TokenChunk end() {
    return end.orTimeout(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS).join();
  }

  /** Asks the worker to hand it over. */
  HandOverReply handOver(int epoch, String target) {
    return DecodeGrpc.newBlockingStub(worker.channel())
        .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
        .handOver(
            HandOverRequest.newBuilder()
                .setAttempt(request.getAttempt())
                .setEpoch(epoch)
                .setKvTarget(target)
                .build());
  }

  /**
   * What is asked of the worker that has the KV.
   *
   * @param prompt of the original request
   */
  DecodeRequest rest(KvMoved moved, List<Integer> prompt) {
    int known = moved.getTokens() - prompt.size();
    List<Integer> answer = tokens();
    DecodeRequest.Builder rest = request.toBuilder();
    rest.getAttemptBuilder().setEpoch(moved.getEpoch());
    rest.getTransferredBuilder()
        .setKvHandle(moved.getKvHandle())
        .setFirstToken(answer.get(known))
        .addAllFollowing(answer.subList(known + 1, answer.size()));
    return rest.build();
  }
}
