package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** An answer whose decode worker is lost while no other one is known. */
@Tag("slow")
class LostDecodeTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"stream\":";
  private static final String ANSWER = "an answer that goes on";

  private final FakeWorker lost = FakeWorker.decode();
  private final FakeWorker other = FakeWorker.decode();
  private GatewayFixture gateway;

  /** One decode that is lost after four tokens, and one that is not ready yet. */
  private CompletableFuture<HttpResponse<String>> ask(boolean stream, String... properties) {
    CountDownLatch gate = new CountDownLatch(1);
    lost.tokensBeforeGate = 4;
    lost.decodeGate = gate;
    other.ready = false;
    List.of(lost, other).forEach(worker -> worker.answers(ANSWER));
    lost.decodeFailures.add(new FakeWorker.Cut(4, Status.UNAVAILABLE.asRuntimeException()));
    gateway = GatewayFixture.start(List.of(lost, other), properties);
    CompletableFuture<HttpResponse<String>> response =
        gateway.http.sendAsync(
            gateway.postRequest(CHAT, HI + stream + "}").build(),
            HttpResponse.BodyHandlers.ofString());
    Await.until(() -> lost.open.get() == 1, "decoding");
    lost.ready = false; // or it would be asked again
    gate.countDown();
    return response;
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void isLost() {
    Await.until(() -> gateway.metric("andante_resumed_streams_total") == 1, "its loss is noticed");
  }

  private static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return json(response).get("error");
  }

  private void everythingIsGivenBack() {
    Await.until(() -> gateway.metric("andante_admission_running") == 0, "all is given back");
  }

  @Test
  void waitsUntilOneIsReady() {
    var response =
        ask(
            false,
            "andante.gateway.routing.retry-backoff=1ms",
            "andante.gateway.routing.max-attempts=2");
    isLost();
    int heard = other.statuses.get();
    Await.until(() -> other.statuses.get() > heard + 20, "it has waited for a while");
    assertThat(response).isNotDone();
    other.ready = true;
    JsonNode answer = json(response.join());
    assertThat(answer.at("/choices/0/message/content").asString()).isEqualTo(ANSWER);
    assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(ANSWER.length() + 1);
    assertThat(other.decodes).hasSize(1);
    assertThat(other.decodes.getFirst().getLocal().getGenerated()).isEqualTo(4);
    assertThat(gateway.metric("andante_resumed_streams_total"))
        .as("waiting is no try")
        .isEqualTo(1);
    everythingIsGivenBack();
  }

  @Test
  void doesNotWaitForEver() {
    var response = ask(false, "andante.gateway.routing.replacement-timeout=200ms");
    assertThat(error(response.join(), 503).get("code").asString()).isEqualTo("no_workers");
    everythingIsGivenBack();
  }

  @Test
  void waitsWithinTheDeadlineOnly() {
    var response = ask(true, "andante.gateway.request-timeout=1s");
    assertThat(events(response.join().body()).getLast()).contains("deadline_exceeded");
    assertThat(other.decodes).isEmpty();
    everythingIsGivenBack();
  }
}
