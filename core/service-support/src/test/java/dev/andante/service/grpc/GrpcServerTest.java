package dev.andante.service.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.ReleaseReply;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;
import org.springframework.util.unit.DataSize;

class GrpcServerTest {

  private static final GrpcProperties PROPERTIES = properties(0);

  private final ServiceState state = new ServiceState(List.of());
  private final InFlight inFlight = new InFlight();
  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();
  private final CountDownLatch gate = new CountDownLatch(1);
  private final GrpcChannels channels = new GrpcChannels(PROPERTIES);
  private GrpcServer server;
  private Channel channel;

  @BeforeEach
  void start() {
    server =
        new GrpcServer(
            PROPERTIES,
            List.of(new Worker(), new Decode()),
            List.of(
                new RequestIds.Server(),
                new AdmissionInterceptor(
                    state, inFlight, Set.of("andante.v1.Worker"), Set.of("andante.v1.Draft"))));
    server.start();
    channel = channels.channel("127.0.0.1:" + server.port());
  }

  @AfterEach
  void stop() {
    gate.countDown();
    channels.close();
    server.stop();
    assertThat(server.isRunning()).isFalse();
  }

  @Test
  void theRequestIdReachesContextAndLogOfTheHandler() throws InterruptedException {
    Context.current()
        .withValue(RequestIds.CONTEXT, "id-1")
        .run(() -> WorkerGrpc.newBlockingStub(channel).getStatus(status()));
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("id-1/id-1");
    var _ =
        WorkerGrpc.newBlockingStub(channel)
            .withOption(RequestIds.OPTION, "id-2")
            .getStatus(status());
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("id-2/id-2");
    var _ = WorkerGrpc.newBlockingStub(channel).getStatus(status());
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("null/null");
  }

  @Test
  void allAnswersOfARequestSpeakUnderItsId() throws Exception {
    assertThat(RequestIds.ofAttempt("req-1~0af3")).isEqualTo("req-1");
    assertThat(RequestIds.ofAttempt("a~b~0af3")).isEqualTo("a~b");
    assertThat(RequestIds.ofAttempt("req-1")).isEqualTo("req-1");
    assertThat(RequestIds.forLogs("req-1~0af3")).isEqualTo("req-1");
    assertThat(
            Context.current()
                .withValue(RequestIds.CONTEXT, "id-3")
                .call(() -> RequestIds.forLogs("req-1~0af3")))
        .isEqualTo("id-3");
  }

  @Test
  void handlersKnowWhatIsLeftOfTheirDeadline() {
    Duration limit = Duration.ofMinutes(1);
    assertThat(Deadlines.left(limit)).as("no deadline").isEqualTo(limit);
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    try (Context.CancellableContext hour =
            Context.current().withDeadlineAfter(1, TimeUnit.HOURS, timer);
        Context.CancellableContext shorter =
            Context.current().withDeadlineAfter(30, TimeUnit.SECONDS, timer)) {
      hour.run(() -> assertThat(Deadlines.left(limit)).isEqualTo(limit));
      shorter.run(
          () ->
              assertThat(Deadlines.left(limit))
                  .isPositive()
                  .isLessThanOrEqualTo(Duration.ofSeconds(30)));
    } finally {
      timer.shutdownNow();
    }
  }

  @Test
  void whileDrainingOnlyExemptServicesAnswer() {
    state.drain();
    var _ = WorkerGrpc.newBlockingStub(channel).getStatus(status());
    assertThatThrownBy(() -> release(channel))
        .satisfies(
            e -> {
              assertThat(Failures.from(e).getCode()).isEqualTo("draining");
              assertThat(Failures.from(e).getRetryable()).isTrue();
            });
    assertThat(inFlight.count()).isZero();
  }

  @Test
  void callsAreCountedUntilTheyEnd() throws InterruptedException {
    Thread caller = Thread.ofVirtual().start(() -> release(channel));
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("release");
    assertThat(inFlight.count()).isEqualTo(1);
    gate.countDown();
    assertThat(caller.join(Duration.ofSeconds(10))).isTrue();
    assertThat(inFlight.awaitIdle(Duration.ofSeconds(10))).isTrue();
  }

  @Test
  void aTakenPortNamesTheSetting() {
    GrpcServer second = new GrpcServer(properties(server.port()), List.of(new Worker()), List.of());
    assertThatThrownBy(second::start)
        .isInstanceOf(GrpcStartException.class)
        .hasMessageContaining("andante.grpc.port")
        .hasMessageContaining(Integer.toString(server.port()));
    second.stop();
  }

  @Test
  void channelsAreSharedUntilDropped() {
    ManagedChannel first = channels.channel("127.0.0.1:1");
    assertThat(channels.channel("127.0.0.1:1")).isSameAs(first);
    channels.retain(Set.of());
    assertThat(first.isShutdown()).isTrue();
    assertThat(channels.channel("127.0.0.1:1")).isNotSameAs(first);
  }

  private static void release(Channel channel) {
    var _ =
        DecodeGrpc.newBlockingStub(channel)
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .release(ReleaseRequest.getDefaultInstance());
  }

  private static GetStatusRequest status() {
    return GetStatusRequest.getDefaultInstance();
  }

  private static GrpcProperties properties(int port) {
    return new GrpcProperties(
        "127.0.0.1", port, DataSize.ofMegabytes(1), Duration.ofSeconds(10), Duration.ofSeconds(5));
  }

  private final class Worker extends WorkerGrpc.WorkerImplBase {
    @Override
    public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> responses) {
      seen.add(RequestIds.CONTEXT.get() + "/" + MDC.get(RequestIds.MDC_KEY));
      responses.onNext(WorkerStatus.getDefaultInstance());
      responses.onCompleted();
    }
  }

  private final class Decode extends DecodeGrpc.DecodeImplBase {
    @Override
    public void release(ReleaseRequest request, StreamObserver<ReleaseReply> responses) {
      seen.add("release");
      try {
        boolean _ = gate.await(10, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      responses.onNext(ReleaseReply.getDefaultInstance());
      responses.onCompleted();
    }
  }
}
