package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.admission.Admission;
import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.admission.Ticket;
import dev.andante.protocol.v1.Reader;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import io.grpc.Status;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What is measured, and told, of how good streamed answers were to read. */
@Tag("slow")
class ReadersTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
  private static final String PATIENT =
      ",\"andante\":{\"explain\":true,\"qoe\":{\"ttft_ms\":60000,\"pacing\":\"off\"}";
  private static final String IMPATIENT =
      ",\"andante\":{\"explain\":true,\"qoe\":{\"ttft_ms\":1,\"pacing\":\"off\"}";
  private static final String STREAM = ",\"stream\":true";

  private final FakeWorker decode = FakeWorker.decode();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void start(String... properties) {
    gateway = GatewayFixture.start(List.of(decode), properties);
  }

  private double answers(String priority) {
    return gateway.metric("andante_qoe_count{class=\"" + priority + "\",model_name=\"bytes\"}");
  }

  private double sum(String priority) {
    return gateway.metric("andante_qoe_sum{class=\"" + priority + "\",model_name=\"bytes\"}");
  }

  private JsonNode explanation(String request) {
    List<String> events = events(gateway.post(CHAT, request).body());
    return json(events.get(events.size() - 2).substring(6)).at("/choices/0/andante");
  }

  @Test
  void aStreamInTimeIsPerfectAndSaysSo() {
    start();
    JsonNode told = explanation(HI + STREAM + PATIENT + "}}");
    assertThat(told.get("qoe").asDouble()).isEqualTo(1);
    assertThat(told.get("qoe_v1").asDouble()).isEqualTo(1);
    assertThat(answers("normal")).isEqualTo(1);
    assertThat(sum("normal")).isEqualTo(1);
    assertThat(gateway.get("/metrics").body())
        .contains("\nandante_qoe_bucket{class=\"normal\",model_name=\"bytes\",le=\"0.95\"} 0\n")
        .contains("\nandante_qoe_bucket{class=\"normal\",model_name=\"bytes\",le=\"1.0\"} 1\n");
  }

  @Test
  void aLateOneIsLessAndTheLogSaysIt() {
    start("andante.gateway.admission.control=all");
    try (CapturedLogs logs = new CapturedLogs()) {
      // Nothing reaches anybody within a millisecond, over loopback and two services.
      double qoe = explanation(HI + STREAM + IMPATIENT + ",\"priority\":5}}").get("qoe").asDouble();
      assertThat(qoe).isGreaterThan(0).isLessThan(1);
      assertThat(sum("high")).isBetween(qoe - 1e-4, qoe + 1e-4);
      Await.until(() -> logs.mentions(" qoe=0."), "the log line");
    }
  }

  @Test
  void nobodyReadsAWholeAnswerAsItComes() {
    start();
    JsonNode told = json(gateway.post(CHAT, HI + PATIENT + "}}")).at("/choices/0/andante");
    assertThat(told.get("qoe").isNull()).isTrue();
    assertThat(told.get("qoe_v1").isNull()).isTrue();
    assertThat(gateway.metric("andante_qoe_count")).isZero();
  }

  @Test
  void theModelsSettingCountsWhereTheRequestSaysNothing() {
    start(
        "andante.gateway.qoe.ttft=1ms",
        "andante.gateway.qoe.models[0].name=bytes",
        "andante.gateway.qoe.models[0].ttft=60s");
    assertThat(explanation(HI + STREAM + ",\"andante\":{\"explain\":true}}").get("qoe").asDouble())
        .isEqualTo(1);
  }

  @Test
  void theGatewaysSettingCountsWhereTheModelHasNone() {
    start(
        "andante.gateway.qoe.ttft=1ms",
        "andante.gateway.qoe.models[0].name=another",
        "andante.gateway.qoe.models[0].ttft=60s");
    assertThat(explanation(HI + STREAM + ",\"andante\":{\"explain\":true}}").get("qoe").asDouble())
        .isLessThan(1);
  }

  @Test
  void refusedAnswersCountAsNothing() {
    start("andante.gateway.admission.max-concurrent=1", "andante.gateway.admission.max-queued=0");
    Ticket held =
        gateway
            .context
            .getBean(Admission.class)
            .enqueue(new Applicant("", PriorityClass.NORMAL, 1));
    assertThat(gateway.post(CHAT, HI + STREAM + ",\"andante\":{\"priority\":-1}}").statusCode())
        .isEqualTo(429);
    assertThat(gateway.post(CHAT, HI + "}").statusCode()).isEqualTo(429);
    held.release();
    assertThat(answers("low")).isEqualTo(1);
    assertThat(sum("low")).isZero();
    assertThat(gateway.metric("andante_qoe_count")).isEqualTo(1);
    assertThat(gateway.get("/metrics").body())
        .contains("\nandante_qoe_bucket{class=\"low\",model_name=\"bytes\",le=\"0.0\"} 1\n");
  }

  @Test
  void badRequestsDoNotCount() {
    start();
    assertThat(gateway.post(CHAT, HI + STREAM + ",\"max_tokens\":1000}").statusCode())
        .isEqualTo(400);
    assertThat(gateway.metric("andante_qoe_count")).isZero();
  }

  @Test
  void anOutageCountsUnderNamesThatWorkersGaveOnly() {
    start();
    decode.ready = false;
    Await.until(() -> gateway.get("/ready").statusCode() == 503, "nobody is there");
    for (String model : List.of("bytes", "made-up")) {
      String body = HI + STREAM + ",\"model\":\"" + model + "\"}";
      assertThat(gateway.post(CHAT, body).statusCode()).isEqualTo(503);
    }
    assertThat(answers("normal")).isEqualTo(1);
    assertThat(sum("normal")).isZero();
    assertThat(gateway.get("/metrics").body())
        .contains("andante_qoe_count{class=\"normal\",model_name=\"unknown\"} 1")
        .doesNotContain("made-up");
  }

  @Test
  void aReaderWhoLeavesInTheMiddleCountsByWhatWasThere() throws Exception {
    start();
    CountDownLatch gate = new CountDownLatch(1);
    decode.tokensBeforeGate = 3;
    decode.decodeGate = gate;
    try (RawClient client = new RawClient(gateway.port)) {
      String body = HI + STREAM + ",\"andante\":{\"qoe\":{\"ttft_ms\":60000}}}";
      client
          .post(CHAT, "Content-Type: application/json\r\nContent-Length: " + body.length())
          .send("\r\n\r\n" + body)
          .await("\"content\":\"H\"");
    }
    Await.until(() -> answers("normal") == 1, "counted");
    assertThat(sum("normal")).isEqualTo(1);
    gate.countDown();
  }

  private double pacedAnswers() {
    return gateway.metric("andante_pacer_slack_seconds_count{model_name=\"bytes\"}");
  }

  private static String paced(String pace) {
    return ",\"andante\":{\"qoe\":{\"tokens_per_second\":" + pace + "}}}";
  }

  /** The text of a stream's chunks. */
  private static String text(String body) {
    StringBuilder text = new StringBuilder();
    for (String event : events(body)) {
      if (event.startsWith("data: {")) {
        text.append(json(event.substring(6)).at("/choices/0/delta/content").asString(""));
      }
    }
    return text.toString();
  }

  @Test
  void onlyWhoSaysWhatTheyExpectIsPacedAndNothingIsLost() {
    start();
    gateway.post(CHAT, HI + STREAM + "}");
    gateway.post(CHAT, HI + STREAM + ",\"andante\":{\"qoe\":{\"pacing\":\"off\"}}}");
    gateway.post(CHAT, HI + paced("10000"));
    assertThat(pacedAnswers()).isZero();
    String usage = ",\"stream_options\":{\"include_usage\":true}";
    String body = gateway.post(CHAT, HI + STREAM + usage + paced("10000")).body();
    assertThat(pacedAnswers()).isEqualTo(1);
    assertThat(text(body)).isEqualTo("Hello");
    List<String> events = events(body);
    assertThat(events).last().isEqualTo("data: [DONE]");
    assertThat(events.get(events.size() - 2)).contains("\"usage\":{");
    assertThat(events.get(events.size() - 3)).contains("\"finish_reason\":\"stop\"");
    assertThat(events).hasSize(1 + 5 + 3);
  }

  @Test
  void tokensThatComeTogetherGoOutOneByOne() {
    decode.tokensPerChunk = 4;
    start();
    List<String> events = events(gateway.post(CHAT, HI + STREAM + paced("10000")).body());
    assertThat(text(String.join("\n\n", events))).isEqualTo("Hello");
    assertThat(events).hasSize(1 + 5 + 2);
  }

  /** A token every 100 s: what does not wait for the pace comes with the drain. */
  @Test
  void aDrainLetsPacedTextGo() throws Exception {
    start();
    var stream =
        gateway.http.sendAsync(
            gateway.postRequest(CHAT, HI + STREAM + paced("0.01")).build(),
            HttpResponse.BodyHandlers.ofString());
    Await.until(
        () -> gateway.metric("vllm:request_success_total") == 1, "the engine is done with it");
    assertThat(gateway.context.getBean(Admission.class).running()).isZero();
    InFlight inFlight = gateway.context.getBean(InFlight.class);
    assertThat(inFlight.count()).isEqualTo(1);
    assertThat(stream.isDone()).isFalse();
    gateway.context.getBean(ServiceState.class).drain();
    String body = stream.get(30, TimeUnit.SECONDS).body();
    assertThat(text(body)).isEqualTo("Hello");
    assertThat(events(body)).last().isEqualTo("data: [DONE]");
    Await.until(() -> inFlight.count() == 0, "nothing is in flight");
  }

  @Test
  void aReaderWhoLeavesAPacedStreamLeavesNothing() throws Exception {
    start();
    String body = HI + STREAM + paced("0.01");
    try (RawClient client = new RawClient(gateway.port)) {
      client
          .post(CHAT, "Content-Type: application/json\r\nContent-Length: " + body.length())
          .send("\r\n\r\n" + body)
          .await("\"content\":\"H\"");
    }
    InFlight inFlight = gateway.context.getBean(InFlight.class);
    Await.until(() -> inFlight.count() == 0, "nothing is in flight");
    Await.until(
        () -> gateway.metric("andante_gateway_errors_total{status=\"499\"}") == 1, "counted");
    assertThat(answers("normal")).isEqualTo(1);
  }

  /** A failure in the middle of a paced stream comes after the text before it. */
  @Test
  void aFailureIsNotPacedAndComesLast() {
    start("andante.gateway.routing.max-attempts=1");
    decode.decodeFailures.add(new FakeWorker.Cut(3, Status.UNAVAILABLE.asRuntimeException()));
    String body = gateway.post(CHAT, HI + STREAM + paced("0.01")).body();
    assertThat(text(body)).isEqualTo("Hel");
    assertThat(events(body)).last().asString().contains("\"error\":");
    assertThat(answers("normal")).isEqualTo(1);
    assertThat(sum("normal")).isZero();
  }

  private Reader readerWith(String body) {
    decode.decodes.clear();
    HttpRequest.Builder request =
        gateway
            .postRequest(CHAT, body)
            .header("x-llm-d-slo-ttft-ms", "2500")
            .header("x-llm-d-slo-tpot-ms", "40");
    assertThat(gateway.send(request).statusCode()).isEqualTo(200);
    return decode.decodes.getFirst().getReader();
  }

  @Test
  void headersSayWhatTheRequestDoesNot() {
    start("andante.gateway.admission.control=all");
    Reader said = readerWith(HI + "}");
    assertThat(said.getTtftSeconds()).isEqualTo(2.5);
    assertThat(said.getTokensPerSecond()).isEqualTo(25);
    Reader both = readerWith(HI + ",\"andante\":{\"qoe\":{\"tokens_per_second\":7}}}");
    assertThat(both.getTtftSeconds()).isEqualTo(2.5);
    assertThat(both.getTokensPerSecond()).isEqualTo(7);
  }

  @Test
  void headersOfCallersWithoutAKeyAreNotHeard() {
    start();
    assertThat(readerWith(HI + "}").getTtftSeconds()).isEqualTo(1);
  }
}
