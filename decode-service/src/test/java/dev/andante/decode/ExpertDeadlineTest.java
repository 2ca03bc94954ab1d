package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.host.experts.RemoteExpertsFactory;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertGrpc;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.protocol.v1.ExpertShard;
import dev.andante.protocol.v1.GetShardRequest;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class ExpertDeadlineTest {

  /** An expert service that never answers a batch. */
  private static final class Silent extends ExpertGrpc.ExpertImplBase {
    private final List<ExpertBatch> batches = new CopyOnWriteArrayList<>();
    private final AtomicReference<String> fingerprint = new AtomicReference<>("");

    @Override
    public void getShard(GetShardRequest request, StreamObserver<ExpertShard> responses) {
      responses.onNext(
          ExpertShard.newBuilder()
              .setModelFingerprint(fingerprint.get())
              .addAllExperts(List.of(0, 1, 2, 3))
              .setHiddenSize(32)
              .build());
      responses.onCompleted();
    }

    @Override
    public StreamObserver<ExpertBatch> compute(StreamObserver<ExpertResult> results) {
      return new StreamObserver<>() {
        @Override
        public void onNext(ExpertBatch batch) {
          batches.add(batch);
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
      };
    }
  }

  /** Ten minutes for a layer: only the request's own deadline can end the step in time. */
  @Test
  void theExpertLegEndsWithTheRequest() throws Exception {
    Silent silent = new Silent();
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(silent)
            .build()
            .start();
    try (Worker decode =
        Worker.decode(
            "--andante.model.path=dummy:mixtral-tiny",
            "--andante.decode.expert-addresses=127.0.0.1:" + server.getPort(),
            "--andante.decode.expert-deadline=10m")) {
      silent.fingerprint.set(decode.running().model().model().fingerprint());
      RemoteExpertsFactory experts = decode.context().getBean(RemoteExpertsFactory.class);
      Await.until(() -> experts.notReadyReason().isEmpty(), () -> "experts cannot be reached");
      assertThatThrownBy(
              () ->
                  DecodeGrpc.newBlockingStub(decode.channel())
                      .withDeadlineAfter(500, TimeUnit.MILLISECONDS)
                      .decode(Calls.local("id-1~part", Calls.prompt(4, 1), 4).build())
                      .forEachRemaining(chunk -> {}))
          .satisfies(
              e ->
                  assertThat(Status.fromThrowable(e).getCode())
                      .isIn(Status.Code.DEADLINE_EXCEEDED, Status.Code.UNAVAILABLE));
      decode.awaitIdle();
      assertThat(silent.batches)
          .isNotEmpty()
          .allMatch(batch -> batch.getRequestsList().equals(List.of("id-1~part")));
    } finally {
      server.shutdownNow();
    }
  }
}
