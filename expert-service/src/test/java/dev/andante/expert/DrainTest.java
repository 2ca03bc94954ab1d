package dev.andante.expert;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertGrpc;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import dev.andante.testkit.TestModels;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;

@Tag("slow")
class DrainTest {

  /** Whoever waits for the client to leave waits for ever: decode workers keep their stream. */
  @Test
  void aDrainEndsByItselfWhileAClientIsConnected() throws InterruptedException {
    ConfigurableApplicationContext service =
        ServiceLauncher.of(ExpertApplication.class, "expert")
            .run(
                "--server.port=0",
                "--andante.grpc.port=0",
                "--andante.drain.timeout=10m",
                "--andante.model.path="
                    + TestModels.requireGolden().resolve("zoo").resolve("mixtral-top2"));
    ManagedChannel channel =
        NettyChannelBuilder.forTarget("127.0.0.1:" + service.getBean(GrpcServer.class).port())
            .usePlaintext()
            .build();
    try {
      ServiceState state = service.getBean(ServiceState.class);
      until(state::ready);
      Results results = new Results();
      StreamObserver<ExpertBatch> batches = ExpertGrpc.newStub(channel).compute(results);
      batches.onNext(batch(1));
      assertThat(results.seen.poll(20, TimeUnit.SECONDS)).isEqualTo("result 1");
      assertThat(service.getBean(InFlight.class).count()).as("a connection is not work").isZero();

      CompletableFuture<Void> stopped = CompletableFuture.runAsync(service::close);
      assertThat(results.seen.poll(60, TimeUnit.SECONDS)).isEqualTo("completed");
      stopped.orTimeout(60, TimeUnit.SECONDS).join();
    } finally {
      channel.shutdownNow();
      service.close();
    }
  }

  private static ExpertBatch batch(long id) {
    return ExpertBatch.newBuilder()
        .setId(id)
        .addExperts(0)
        .addRows(1)
        .setActivations(ByteString.copyFrom(new byte[4 * 48]))
        .build();
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 30 s").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static final class Results implements StreamObserver<ExpertResult> {
    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    @Override
    public void onNext(ExpertResult result) {
      seen.add("result " + result.getId() + result.getError());
    }

    @Override
    public void onError(Throwable t) {
      seen.add(t.toString());
    }

    @Override
    public void onCompleted() {
      seen.add("completed");
    }
  }
}
