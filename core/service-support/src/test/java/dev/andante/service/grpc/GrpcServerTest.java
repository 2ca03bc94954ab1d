package dev.andante.service.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.ReleaseReply;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
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
  private final BlockingQueue<String> traces = new LinkedBlockingQueue<>();
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
                    state,
                    inFlight,
                    Set.of("andante.v1.Worker", "andante.v1.Decode/HandOver"),
                    Set.of("andante.v1.Draft"))));
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
  void theTraceReachesContextAndLogOfTheHandler() throws InterruptedException {
    TraceParent one = TraceParent.begin();
    TraceParent two = TraceParent.begin();
    Context.current()
        .withValue(RequestIds.TRACE_CONTEXT, one)
        .run(() -> WorkerGrpc.newBlockingStub(channel).getStatus(status()));
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("null/null");
    assertThat(traces.poll()).isEqualTo(one.header() + "/" + one.traceId());
    var _ =
        WorkerGrpc.newBlockingStub(channel)
            .withOption(RequestIds.TRACE_OPTION, two)
            .withOption(RequestIds.OPTION, "id-2")
            .getStatus(status());
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("id-2/id-2");
    assertThat(traces.poll()).isEqualTo(two.header() + "/" + two.traceId());
    var _ =
        WorkerGrpc.newBlockingStub(channel)
            .withInterceptors(
                MetadataUtils.newAttachHeadersInterceptor(header(RequestIds.TRACE_HEADER, "bad")))
            .getStatus(status());
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("null/null");
    assertThat(traces.poll()).isEqualTo("none/null");
  }

  private static Metadata header(Metadata.Key<String> key, String value) {
    Metadata headers = new Metadata();
    headers.put(key, value);
    return headers;
  }

  @Test
  void allAnswersOfARequestSpeakUnderItsId() throws Exception {
    TraceParent trace = TraceParent.begin();
    String attempt = new RequestIdentity("req-1", trace).attemptId("0af3");
    LogIds ids = new LogIds("req-1", trace.traceId());
    assertThat(RequestIds.ofAttempt(attempt)).isEqualTo(ids);
    assertThat(RequestIds.ofAttempt(attempt + "-3")).isEqualTo(ids);
    assertThat(RequestIds.forLogs(attempt)).isEqualTo(ids);
    for (String own : List.of("0af3", "0af3.7", "short.0af3", "." + trace.traceId())) {
      assertThat(RequestIds.ofAttempt("a~b~" + own)).isEqualTo(new LogIds("a~b", null));
    }
    assertThat(RequestIds.ofAttempt("req-1")).isEqualTo(new LogIds("req-1", null));
    TraceParent other = TraceParent.begin();
    assertThat(
            Context.current()
                .withValues(RequestIds.CONTEXT, "id-3", RequestIds.TRACE_CONTEXT, other)
                .call(() -> RequestIds.forLogs(attempt)))
        .isEqualTo(new LogIds("id-3", other.traceId()));
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
    assertThatThrownBy(
            () ->
                DecodeGrpc.newBlockingStub(channel).handOver(HandOverRequest.getDefaultInstance()))
        .as("passes, and nobody here implements it")
        .satisfies(
            e ->
                assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
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
        "127.0.0.1",
        port,
        DataSize.ofMegabytes(1),
        Duration.ofSeconds(10),
        Duration.ofSeconds(5),
        Duration.ofSeconds(1));
  }

  private final class Worker extends WorkerGrpc.WorkerImplBase {
    @Override
    public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> responses) {
      TraceParent trace = RequestIds.TRACE_CONTEXT.get();
      traces.add((trace == null ? "none" : trace.header()) + "/" + MDC.get(LogIds.TRACE_KEY));
      seen.add(RequestIds.CONTEXT.get() + "/" + MDC.get(LogIds.REQUEST_KEY));
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
