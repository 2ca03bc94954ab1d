package dev.andante.host.experts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.andante.model.experts.ExpertShard;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertGrpc;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.protocol.v1.GetShardRequest;
import dev.andante.service.grpc.Endpoints;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class GrpcExpertTransportTest {

  private static final String MODEL = "fingerprint";

  private static final Endpoints.Lookup NO_NAMES =
      host -> {
        throw new UnknownHostException(host);
      };

  private final String name = InProcessServerBuilder.generateName();
  private final Echo service = new Echo();
  private Server server;
  private ManagedChannel channel;
  private GrpcExpertTransport transport;

  /** Sends activations back, as they came. */
  private static final class Echo extends ExpertGrpc.ExpertImplBase {
    private volatile String model = MODEL;
    private volatile boolean silent;
    private volatile String error = "";

    @Override
    public void getShard(
        GetShardRequest request, StreamObserver<dev.andante.protocol.v1.ExpertShard> responses) {
      responses.onNext(
          dev.andante.protocol.v1.ExpertShard.newBuilder()
              .setModelFingerprint(model)
              .addExperts(1)
              .addExperts(3)
              .setHiddenSize(2)
              .build());
      responses.onCompleted();
    }

    @Override
    public StreamObserver<ExpertBatch> compute(StreamObserver<ExpertResult> results) {
      return new StreamObserver<>() {
        @Override
        public void onNext(ExpertBatch batch) {
          if (!silent) {
            results.onNext(
                ExpertResult.newBuilder()
                    .setId(batch.getId())
                    .setOutputs(batch.getActivations())
                    .setError(error)
                    .build());
          }
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
      };
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = serve();
    channel = InProcessChannelBuilder.forName(name).build();
    transport = new GrpcExpertTransport(_ -> channel, List.of("e:1"), MODEL, 2, NO_NAMES);
  }

  @AfterEach
  void stop() {
    transport.close();
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void rowsGoThereAndBack() {
    ExpertShard shard = awaitShard();
    assertThat(shard.name()).isEqualTo("e:1");
    assertThat(shard.experts()).containsExactlyInAnyOrder(1, 3);
    float[] rows = {1, -2.5f, Float.MIN_VALUE, 4};
    assertThat(send(shard, rows).orTimeout(10, TimeUnit.SECONDS).join()).isEqualTo(rows);
    assertThat(transport.problems()).isEmpty();
  }

  @Test
  void anErrorOfTheServiceFailsItsBatchOnly() {
    ExpertShard shard = awaitShard();
    service.error = "no such expert";
    assertThatThrownBy(() -> send(shard, 1, 2).orTimeout(10, TimeUnit.SECONDS).join())
        .hasMessageContaining("no such expert");
    service.error = "";
    assertThat(send(shard, 1, 2).orTimeout(10, TimeUnit.SECONDS).join()).containsExactly(1, 2);
  }

  @Test
  void aLostServiceFailsWhatIsUnderWayAndComesBack() throws IOException {
    ExpertShard shard = awaitShard();
    service.silent = true;
    CompletableFuture<float[]> underWay = send(shard, 1, 2);
    server.shutdownNow();
    assertThatThrownBy(() -> underWay.orTimeout(10, TimeUnit.SECONDS).join())
        .hasMessageContaining("e:1");
    until(() -> transport.shards().isEmpty());
    assertThatThrownBy(() -> send(shard, 1, 2).join()).hasMessageContaining("not connected");
    assertThat(transport.problems()).hasSize(1);
    service.silent = false;
    server = serve();
    assertThat(send(awaitShard(), 1, 2).orTimeout(10, TimeUnit.SECONDS).join())
        .containsExactly(1, 2);
  }

  @Test
  void aServiceWithAnotherModelIsNotUsed() {
    service.model = "another";
    try (GrpcExpertTransport other =
        new GrpcExpertTransport(_ -> channel, List.of("e:2"), MODEL, 2, NO_NAMES)) {
      until(() -> other.problems().toString().contains("another"));
      assertThat(other.shards()).isEmpty();
    }
  }

  @Test
  void whyAServiceCannotBeUsedIsSaidInOneLine() {
    ManagedChannel nowhere = NettyChannelBuilder.forTarget("127.0.0.1:1").usePlaintext().build();
    Logger logger = (Logger) LoggerFactory.getLogger(ExpertLink.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try (GrpcExpertTransport lost =
        new GrpcExpertTransport(_ -> nowhere, List.of("e:1"), MODEL, 2, NO_NAMES)) {
      until(() -> lost.problems().toString().contains("UNAVAILABLE"));
      String problem = lost.problems().getFirst();
      assertThat(problem)
          .startsWith("e:1: UNAVAILABLE: ")
          .contains("Connection refused")
          .doesNotContain("\n", "Status{", "\tat ");
      until(() -> !log.list.isEmpty());
      assertThat(log.list.getFirst().getFormattedMessage())
          .isEqualTo("experts at e:1 cannot be used: " + problem.substring("e:1: ".length()));
    } finally {
      logger.detachAppender(log);
      nowhere.shutdownNow();
    }
  }

  /** Two processes behind one name. */
  @Test
  void eachReplicaBehindANameHasItsStream() {
    Map<String, ManagedChannel> opened = new ConcurrentHashMap<>();
    Endpoints.Lookup lookup =
        host ->
            new InetAddress[] {
              InetAddress.ofLiteral("10.0.0.2"), InetAddress.ofLiteral("10.0.0.1")
            };
    try (GrpcExpertTransport replicas =
        new GrpcExpertTransport(
            endpoint -> {
              ManagedChannel made = InProcessChannelBuilder.forName(name).build();
              opened.put(endpoint, made);
              return made;
            },
            List.of("dns:///experts:9090"),
            MODEL,
            2,
            lookup)) {
      until(() -> replicas.shards().size() == 2);
      assertThat(replicas.shards())
          .extracting(ExpertShard::name)
          .containsExactly("10.0.0.1:9090", "10.0.0.2:9090");
      for (ExpertShard shard : replicas.shards()) {
        assertThat(
                replicas
                    .send(shard, 0, new int[] {1}, new int[] {1}, new float[] {1, 2})
                    .orTimeout(10, TimeUnit.SECONDS)
                    .join())
            .containsExactly(1, 2);
      }
    }
    assertThat(opened.values()).hasSize(2).allMatch(ManagedChannel::isShutdown);
  }

  private CompletableFuture<float[]> send(ExpertShard shard, float... rows) {
    return transport.send(shard, 0, new int[] {1}, new int[] {rows.length / 2}, rows);
  }

  private ExpertShard awaitShard() {
    until(() -> !transport.shards().isEmpty());
    return transport.shards().getFirst();
  }

  private Server serve() throws IOException {
    return InProcessServerBuilder.forName(name).addService(service).build().start();
  }

  private static void until(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(end);
      LockSupport.parkNanos(2_000_000);
    }
  }
}
