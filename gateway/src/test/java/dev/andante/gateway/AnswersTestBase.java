package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import tools.jackson.databind.JsonNode;

/** A gateway over workers that answer what they are told to, and how it is asked. */
abstract class AnswersTestBase {

  static final String CHAT = "/v1/chat/completions";
  static final String TEXT = "/v1/completions";
  static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  static FakeWorker prefill;
  static FakeWorker decode;
  static GatewayFixture gateway;

  @BeforeAll
  static void start() {
    prefill = FakeWorker.prefill();
    decode = FakeWorker.decode();
    gateway = GatewayFixture.start(List.of(prefill, decode));
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @BeforeEach
  void reset() {
    prefill.prefills.clear();
    decode.decodes.clear();
    prefill.requestIds.clear();
    decode.requestIds.clear();
    decode.tokensPerChunk = 1;
    answer("Hello");
  }

  static void answer(String text) {
    prefill.answers(text);
    decode.answers(text);
  }

  static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response);
  }

  static JsonNode chat(String more) {
    return ok(gateway.post(CHAT, "{" + HI + more + "}"));
  }

  static JsonNode text(String more) {
    return ok(gateway.post(TEXT, "{\"prompt\":\"Once\",\"max_tokens\":50" + more + "}"));
  }

  static List<JsonNode> chunks(String path, String body) {
    HttpResponse<String> response = gateway.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    List<String> events = events(response.body());
    assertThat(events.getLast()).isEqualTo("data: [DONE]");
    return events.stream()
        .filter(e -> e.startsWith("data: {"))
        .map(e -> json(e.substring("data: ".length())))
        .toList();
  }

  static List<Integer> ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::intValue).toList();
  }
}
