package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.admission.Admission;
import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.admission.Ticket;
import dev.andante.protocol.v1.StepCost;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What requests that wait are told, and what is counted of them. */
@Tag("slow")
class WaitingTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
  private static final String STREAM = HI + ",\"stream\":true}";

  private final CountDownLatch gate = new CountDownLatch(1);
  private final FakeWorker decode = FakeWorker.decode();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    gate.countDown();
    gateway.close();
  }

  private void start(String... properties) {
    startPinging("20ms", properties);
  }

  private void startPinging(String interval, String... properties) {
    String[] all = java.util.Arrays.copyOf(properties, properties.length + 1);
    all[properties.length] = "andante.gateway.http.ping-interval=" + interval;
    gateway = GatewayFixture.start(List.of(decode), all);
  }

  private CompletableFuture<HttpResponse<String>> later(String body) {
    return gateway.http.sendAsync(
        gateway.postRequest(CHAT, body).build(), HttpResponse.BodyHandlers.ofString());
  }

  private CompletableFuture<HttpResponse<String>> later(String body, String tenant) {
    return gateway.http.sendAsync(
        gateway
            .postRequest(CHAT, body)
            .header("x-llm-d-inference-fairness-id", tenant)
            .header("x-request-id", tenant)
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Keeps the only place. */
  private Ticket occupy() {
    return gateway
        .context
        .getBean(Admission.class)
        .enqueue(new Applicant("", PriorityClass.NORMAL, 1));
  }

  private double outcome(String name) {
    return gateway.metric("andante_admission_total{outcome=\"" + name + "\"}");
  }

  private double outcomes() {
    return gateway.metric("andante_admission_total{");
  }

  private static StatusRuntimeException full() {
    return Failures.of(Status.Code.RESOURCE_EXHAUSTED, "saturated", "no blocks", true);
  }

  private static void dropped(HttpResponse<String> response, int status, String reason) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.headers().firstValue("Retry-After")).isPresent();
    assertThat(response.headers().firstValue("x-llm-d-request-dropped-reason")).hasValue(reason);
  }

  @Test
  void aStreamWhoseTurnDoesNotComeIsRefusedLikeAnyRequest() {
    start(
        "andante.gateway.admission.max-concurrent=1", "andante.gateway.admission.queue-timeout=1s");
    Ticket held = occupy();
    dropped(gateway.post(CHAT, STREAM), 429, "rejected-ttl-expired");
    assertThat(outcome("rejected-ttl-expired")).isEqualTo(1);
    assertThat(outcomes()).isEqualTo(1);
    held.release();
    assertThat(gateway.post(CHAT, STREAM).statusCode()).isEqualTo(200);
    assertThat(outcome("admitted")).isEqualTo(1);
  }

  /** So many seconds of prompts wait on the worker. */
  private void backlog(long seconds) {
    decode.stepCost =
        StepCost.newBuilder()
            .setPerRowSeconds(1e-3)
            .setSamples(1000)
            .setMaxBatchTokens(256)
            .build();
    decode.queuedPromptTokens = 1000 * seconds;
  }

  @Test
  void whatWouldBeLateIsRefusedAtOnce() {
    start("andante.gateway.admission.reject-when-late=on");
    assertThat(gateway.post(CHAT, STREAM).statusCode()).isEqualTo(200);
    backlog(50);
    Await.until(() -> gateway.post(CHAT, STREAM).statusCode() == 429, "the backlog is known");
    HttpResponse<String> refused = gateway.post(CHAT, STREAM);
    dropped(refused, 429, "rejected-predicted-late");
    assertThat(json(refused).at("/error/code").asString()).isEqualTo("predicted_late");
    assertThat(refused.headers().firstValueAsLong("Retry-After").orElseThrow()).isBetween(48L, 50L);
    assertThat(outcome("rejected-predicted-late")).isEqualTo(2);
    String patient = HI + ",\"stream\":true,\"andante\":{\"qoe\":{\"ttft_ms\":40000}}}";
    assertThat(gateway.post(CHAT, patient).statusCode()).isEqualTo(200);
    backlog(1);
    Await.until(() -> gateway.post(CHAT, STREAM).statusCode() == 200, "it has worked it off");
  }

  /** Ten answers take a second each, so ten that others have there will not all be gone soon. */
  @Test
  void aStreamThatWouldBeSlowerThanItsReaderIsRefused() throws InterruptedException {
    start("andante.gateway.admission.reject-when-late=on");
    decode.tokensBeforeGate = 1;
    decode.decodeGate = gate;
    List<CompletableFuture<HttpResponse<String>>> ten =
        Stream.generate(() -> later(STREAM)).limit(10).toList();
    Await.until(() -> decode.open.get() == 10, "decoding");
    Thread.sleep(1000);
    gate.countDown();
    ten.forEach(CompletableFuture::join);
    decode.stepCost =
        StepCost.newBuilder()
            .setPerRowSeconds(2e-3)
            .setSamples(1000)
            .setMaxBatchTokens(256)
            .build();
    decode.running = 10;
    String reader = "\"andante\":{\"qoe\":{\"tokens_per_second\":1000,\"ttft_ms\":60000}}}";
    String fast = HI + ",\"stream\":true," + reader;
    Await.until(() -> gateway.post(CHAT, fast).statusCode() == 429, "the load is known");
    HttpResponse<String> refused = gateway.post(CHAT, fast);
    dropped(refused, 429, "rejected-predicted-slow");
    assertThat(json(refused).at("/error/code").asString()).isEqualTo("predicted_slow");
    assertThat(outcome("rejected-predicted-slow")).isEqualTo(2);
    assertThat(gateway.post(CHAT, STREAM).statusCode()).as("at a reader's pace").isEqualTo(200);
    assertThat(gateway.post(CHAT, HI + "," + reader).statusCode()).as("in whole").isEqualTo(200);
  }

  @Test
  void promptsThatQueueForComputingAreSeenInThePressure() {
    start();
    backlog(4);
    Await.until(() -> gateway.metric("andante_qoe_pressure ") > 2.9, "the backlog is known");
    assertThat(gateway.metric("andante_qoe_pressure_prompts"))
        .isEqualTo(gateway.metric("andante_qoe_pressure "));
  }

  @Test
  void nothingIsRefusedForBeingLateUnlessThatIsAskedFor() {
    start();
    backlog(50);
    int asked = decode.statuses.get();
    Await.until(() -> decode.statuses.get() > asked + 2, "the backlog is known");
    assertThat(gateway.post(CHAT, STREAM).statusCode()).isEqualTo(200);
    assertThat(outcome("rejected-predicted-late")).isZero();
  }

  @Test
  void aStreamThatFindsNoRoomOnAnyWorkerIsRefusedLikeAnyRequest() {
    // Until the worker refuses it first, it is under way: longer than a cold first call takes.
    startPinging(
        "500ms",
        "andante.gateway.admission.queue-timeout=1500ms",
        "andante.gateway.routing.retry-backoff=10ms");
    for (int i = 0; i < 200; i++) {
      decode.decodeFailures.add(new FakeWorker.Cut(0, full()));
    }
    dropped(gateway.post(CHAT, STREAM), 429, "rejected-saturated");
    assertThat(outcome("rejected-saturated")).isEqualTo(1);
    assertThat(outcomes()).isEqualTo(1);
  }

  @Test
  void aStreamThatIsUnderWayGetsPingsAndALateRefusalIsAnEvent() {
    start("andante.gateway.admission.queue-timeout=300ms");
    for (int i = 0; i < 200; i++) {
      decode.decodeFailures.add(new FakeWorker.Cut(0, full()));
    }
    decode.decodeGate = gate;
    CompletableFuture<HttpResponse<String>> stream = later(STREAM);
    Await.until(() -> decode.open.get() == 1, "decoding");
    Await.until(() -> gateway.metric("vllm:request_queue_time_seconds_count") == 1, "admitted");
    try (RawClient other = new RawClient(gateway.port)) {
      String head = "Content-Type: application/json\r\nContent-Length: " + STREAM.length();
      other.post(CHAT, head + "\r\n\r\n").send(STREAM).await(": ping\n\n");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    gate.countDown();
    HttpResponse<String> response = stream.join();
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(events(response.body())).first().isEqualTo(": ping");
    assertThat(events(response.body()).getLast()).contains("\"code\":\"saturated\"");
    Await.until(() -> outcome("rejected-saturated") == 1, "the refusal is counted");
    assertThat(gateway.metric("andante_gateway_errors_total{status=\"429\"}")).isEqualTo(1);
  }

  @Test
  void aDeadlineThatPassesInTheQueueSaysSo() {
    start(
        "andante.gateway.admission.max-concurrent=1",
        "andante.gateway.admission.queue-timeout=1m",
        "andante.gateway.request-timeout=1s");
    Ticket held = occupy();
    HttpResponse<String> response = gateway.post(CHAT, STREAM);
    dropped(response, 504, "rejected-ttl-expired");
    assertThat(json(response).at("/error/code").asString()).isEqualTo("deadline_exceeded");
    assertThat(outcome("rejected-ttl-expired")).isEqualTo(1);
    held.release();
  }

  @Test
  void clientsThatLeaveAreCountedByHowFarTheyCame() throws IOException {
    start("andante.gateway.admission.max-concurrent=1");
    decode.decodeGate = gate;
    String head = "Content-Type: application/json\r\nContent-Length: " + STREAM.length();
    try (RawClient running = new RawClient(gateway.port)) {
      running.post(CHAT, head + "\r\n\r\n").send(STREAM);
      Await.until(() -> decode.open.get() == 1, "decoding");
      try (RawClient waiting = new RawClient(gateway.port)) {
        waiting.post(CHAT, head + "\r\n\r\n").send(STREAM);
        Await.until(() -> gateway.metric("andante_admission_queued") == 1, "queued");
      }
      Await.until(() -> outcome("rejected-context-cancelled") == 1, "counted");
      assertThat(outcomes()).isEqualTo(1);
    }
    Await.until(() -> outcome("admitted") == 1, "counted");
    assertThat(outcomes()).isEqualTo(2);
  }

  @Test
  void aFloodDoesNotKeepAnotherTenantOut() {
    start(
        "andante.gateway.admission.max-concurrent=1",
        "andante.gateway.admission.max-queued=2",
        "andante.gateway.admission.control=all");
    Ticket held = occupy();
    CompletableFuture<HttpResponse<String>> first = later(STREAM, "flood");
    Await.until(() -> gateway.metric("andante_admission_queued") == 1, "queued");
    CompletableFuture<HttpResponse<String>> second = later(STREAM, "flood");
    Await.until(() -> gateway.metric("andante_admission_queued") == 2, "queued");
    assertThat(gateway.metric("andante_qoe_pressure")).isEqualTo(2);
    dropped(later(STREAM, "flood").join(), 429, "rejected-saturated");
    CompletableFuture<HttpResponse<String>> polite = later(STREAM, "polite");
    dropped(second.join(), 429, "evicted-queue-pressure");
    assertThat(outcome("evicted-queue-pressure")).isEqualTo(1);
    held.release();
    assertThat(first.join().statusCode()).isEqualTo(200);
    assertThat(polite.join().statusCode()).isEqualTo(200);
    assertThat(gateway.metric("andante_admission_running")).isZero();
  }

  /** What a tenant has got counts, whatever its requests are: the prompt and the answer. */
  @Test
  void theTenantWhoGotLessIsNext() {
    start("andante.gateway.admission.max-concurrent=1", "andante.gateway.admission.control=all");
    assertThat(later(STREAM, "much").join().statusCode()).isEqualTo(200);
    decode.tokensBeforeGate = 1;
    decode.decodeGate = gate;
    CompletableFuture<HttpResponse<String>> running = later(STREAM, "much");
    Await.until(() -> decode.open.get() == 1, "decoding");
    CompletableFuture<HttpResponse<String>> much = later(STREAM, "much");
    Await.until(() -> gateway.metric("andante_admission_queued") == 1, "queued");
    CompletableFuture<HttpResponse<String>> little = later(STREAM, "little");
    Await.until(() -> gateway.metric("andante_admission_queued") == 2, "queued");
    int before = decode.decodes.size();
    gate.countDown();
    CompletableFuture.allOf(running, much, little).join();
    assertThat(decode.decodes.subList(before, before + 2))
        .extracting(call -> call.getAttempt().getRequestId())
        .satisfiesExactly(
            id -> assertThat(id).startsWith("little"), id -> assertThat(id).startsWith("much"));
  }

  @Test
  void badRequestsAreNoMatterOfAdmission() {
    start();
    assertThat(gateway.post(CHAT, HI + ",\"max_tokens\":1000}").statusCode()).isEqualTo(400);
    assertThat(gateway.post(CHAT, HI + ",\"n\":0}").statusCode()).isEqualTo(400);
    assertThat(outcomes()).isZero();
  }
}
