package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.Reception;
import dev.andante.benchmarks.load.workload.Seeds;
import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.TransferredPrompt;
import dev.andante.protocol.v1.WorkerGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Asks a prefill and a decode worker themselves, as the gateway would: what a request costs without
 * it. Prompts are token ids at random.
 */
public final class WorkerRequests implements Requests, AutoCloseable {

  private static final int PATIENCE_SECONDS = 10;
  private static final int ORDINARY_IDS = 1000; // special tokens of many models are below

  private final ManagedChannel prefill;
  private final ManagedChannel decode;
  private final ModelInfo model;
  private final String kvTarget;
  private final long seed;
  private final Duration timeout;

  /**
   * @param workers {@code grpc://HOST:PREFILL-PORT/DECODE-PORT}
   * @throws UnreachableException if one of them does not answer
   */
  public WorkerRequests(URI workers, long seed, Duration timeout) throws UnreachableException {
    this.prefill = channel(workers.getHost() + ":" + workers.getPort());
    this.decode = channel(workers.getHost() + ":" + workers.getPath().substring(1));
    this.seed = seed;
    this.timeout = timeout;
    try {
      this.model = asked(prefill).getModelInfo(GetModelInfoRequest.getDefaultInstance());
      this.kvTarget = asked(decode).getStatus(GetStatusRequest.getDefaultInstance()).getKvAddress();
    } catch (StatusRuntimeException e) {
      close();
      throw new UnreachableException(workers + " does not answer: " + e.getMessage(), e);
    }
  }

  private static ManagedChannel channel(String target) {
    return NettyChannelBuilder.forTarget(target).usePlaintext().build();
  }

  private static WorkerGrpc.WorkerBlockingStub asked(ManagedChannel channel) {
    return WorkerGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public String model() {
    return model.getName();
  }

  @Override
  public Supplier<CompletableFuture<Reception>> prepare(Reception reception) {
    int low = model.getVocabularySize() > 2 * ORDINARY_IDS ? ORDINARY_IDS : 0;
    RandomGenerator random = Seeds.random(seed, reception.index());
    PrefillRequest.Builder request =
        PrefillRequest.newBuilder()
            .setAttempt(Attempt.newBuilder().setRequestId("load-" + reception.index()))
            .setStop(
                StopParameters.newBuilder()
                    .setMaxTokens(reception.demand().outputTokens())
                    .setIgnoreEos(true))
            .setKvTarget(kvTarget);
    for (int i = 0; i < reception.demand().promptTokens(); i++) {
      request.addTokens(random.nextInt(low, model.getVocabularySize()));
    }
    PrefillRequest whole = request.build();
    return () -> new Exchange(reception).begin(whole);
  }

  @Override
  public void close() {
    prefill.shutdownNow();
    decode.shutdownNow();
  }

  /** One request: prefill, then decode. */
  private final class Exchange {

    private final Reception reception;
    private final CompletableFuture<Reception> end = new CompletableFuture<>();

    Exchange(Reception reception) {
      this.reception = reception;
    }

    CompletableFuture<Reception> begin(PrefillRequest request) {
      reception.sent(System.nanoTime());
      reception.countedPrompt(request.getTokensCount());
      PrefillGrpc.newStub(prefill)
          .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
          .prefill(
              request,
              new Observer<PrefillReply>() {
                @Override
                public void onNext(PrefillReply reply) {
                  reception.delivered(System.nanoTime(), 1);
                  if (reply.getFinishReason() == FinishReason.FINISH_REASON_UNSPECIFIED) {
                    decode(request, reply);
                  } else {
                    ended(Outcome.COMPLETED, "");
                  }
                }
              });
      return end;
    }

    private void decode(PrefillRequest request, PrefillReply reply) {
      DecodeRequest continued =
          DecodeRequest.newBuilder()
              .setAttempt(request.getAttempt())
              .setStop(request.getStop())
              .setTransferred(
                  TransferredPrompt.newBuilder()
                      .setKvHandle(reply.getKvHandle())
                      .setFirstToken(reply.getFirstToken().getId()))
              .build();
      DecodeGrpc.newStub(decode)
          .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
          .decode(
              continued,
              new Observer<TokenChunk>() {
                private FinishReason finish = FinishReason.FINISH_REASON_UNSPECIFIED;

                @Override
                public void onNext(TokenChunk chunk) {
                  finish = chunk.getFinishReason();
                  if (chunk.getTokensCount() > 0) {
                    reception.delivered(System.nanoTime(), chunk.getTokensCount());
                  }
                }

                @Override
                public void onCompleted() {
                  boolean whole = finish == FinishReason.FINISH_REASON_LENGTH;
                  ended(whole ? Outcome.COMPLETED : Outcome.ABORTED, whole ? "" : "" + finish);
                }
              });
    }

    private void ended(Outcome outcome, String why) {
      reception.end(System.nanoTime(), outcome, 0, why);
      end.complete(reception);
    }

    private abstract class Observer<T> implements StreamObserver<T> {
      @Override
      public void onError(Throwable failure) {
        Status.Code code = Status.fromThrowable(failure).getCode();
        Outcome outcome =
            reception.hasTokens() || code == Status.Code.DEADLINE_EXCEEDED
                ? Outcome.ABORTED
                : code == Status.Code.RESOURCE_EXHAUSTED ? Outcome.REJECTED : Outcome.FAILED;
        ended(outcome, String.valueOf(failure.getMessage()));
      }

      @Override
      public void onCompleted() {}
    }
  }
}
