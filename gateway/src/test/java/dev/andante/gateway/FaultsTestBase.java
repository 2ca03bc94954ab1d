package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import tools.jackson.databind.JsonNode;

/** A gateway over workers that fail as they are told to. */
abstract class FaultsTestBase {

  static final String CHAT = "/v1/chat/completions";
  static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
  static final String ANSWER = "an answer that goes on";

  GatewayFixture gateway;

  @AfterEach
  void stop() {
    gateway.close();
  }

  void start(List<FakeWorker> workers, String... properties) {
    workers.forEach(w -> w.answers(ANSWER));
    gateway = GatewayFixture.start(workers, properties);
  }

  HttpResponse<String> chat(String more) {
    return gateway.post(CHAT, HI + more + "}");
  }

  static String text(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response).at("/choices/0/message/content").asString();
  }

  static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return json(response).get("error");
  }

  static StatusRuntimeException lost() {
    return Status.UNAVAILABLE.asRuntimeException();
  }

  static StatusRuntimeException draining() {
    return Failures.of(Status.Code.UNAVAILABLE, "draining", "this worker is stopping", true);
  }

  static StatusRuntimeException full() {
    return Failures.of(Status.Code.RESOURCE_EXHAUSTED, "saturated", "no blocks", true);
  }

  void everythingIsGivenBack() {
    Await.until(
        () ->
            gateway.get("/metrics").body().contains("andante_admission_running 0")
                && gateway.workers.stream().allMatch(w -> w.open.get() == 0),
        "all is given back");
  }
}
