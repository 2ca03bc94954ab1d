package dev.andante.draft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.DraftGrpc;
import dev.andante.protocol.v1.DraftReply;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.GrpcServer;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;

@Tag("slow")
class DrainTest {

  @Test
  void aDrainEndsTheStreamsOfConnectedClientsInOrder() throws InterruptedException {
    ConfigurableApplicationContext service =
        ServiceLauncher.of(DraftApplication.class, "draft")
            .run("--server.port=0", "--andante.grpc.port=0", "--andante.drain.timeout=10m");
    ManagedChannel channel =
        NettyChannelBuilder.forTarget("127.0.0.1:" + service.getBean(GrpcServer.class).port())
            .usePlaintext()
            .build();
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    try {
      StreamObserver<DraftRequest> requests =
          DraftGrpc.newStub(channel)
              .propose(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(DraftReply reply) {
                      seen.add("reply " + reply.getRound());
                    }

                    @Override
                    public void onError(Throwable t) {
                      seen.add(t.toString());
                    }

                    @Override
                    public void onCompleted() {
                      seen.add("completed");
                    }
                  });
      requests.onNext(DraftRequest.newBuilder().setRound(1).build());
      assertThat(seen.poll(20, TimeUnit.SECONDS)).isEqualTo("reply 1");

      CompletableFuture<Void> stopped = CompletableFuture.runAsync(service::close);
      assertThat(seen.poll(60, TimeUnit.SECONDS)).isEqualTo("completed");
      stopped.orTimeout(60, TimeUnit.SECONDS).join();
    } finally {
      channel.shutdownNow();
      service.close();
    }
  }
}
