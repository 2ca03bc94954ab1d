package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.pipeline.BusyLanes;
import dev.andante.gateway.pipeline.TokenizerLanes;
import dev.andante.protocol.v1.ModelInfo;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Prompts that are far too big cost nothing, and big ones hold up nobody but each other. */
@Tag("slow")
class BigPromptsTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final int CONTEXT = 8192;

  /** The longest token of the test model is <|im_start|>: 12 bytes. */
  private static final int MOST_BYTES = 12 * CONTEXT;

  private final FakeWorker decode = FakeWorker.decode();
  private final List<BusyLanes> busy = new ArrayList<>();
  private GatewayFixture gateway;

  @AfterEach
  void stop() {
    busy.forEach(BusyLanes::close);
    gateway.close();
  }

  private void start(String... properties) {
    startWithTemplate(TestModel.info("bytes", true).getChatTemplate(), properties);
  }

  private void startWithTemplate(String template, String... properties) {
    ModelInfo own = TestModel.info("bytes", true);
    decode.info = own.toBuilder().setContextLength(CONTEXT).setChatTemplate(template).build();
    gateway = GatewayFixture.start(List.of(decode), properties);
  }

  private void occupy(long bytes, int threads, int queued) {
    TokenizerLanes lanes = gateway.context.getBean(TokenizerLanes.class);
    busy.add(new BusyLanes(lanes).occupy(bytes, threads, queued));
  }

  private HttpResponse<String> chat(String content) {
    return gateway.post(
        CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"" + content + "\"}]}");
  }

  private static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return json(response).get("error");
  }

  private static void tooLong(HttpResponse<String> response, String param, String tokens) {
    JsonNode error = error(response, 400);
    assertThat(error.get("code").asString()).isEqualTo("context_length_exceeded");
    assertThat(error.get("param").asString()).isEqualTo(param);
    assertThat(error.get("message").asString()).contains("8192").contains(" has " + tokens + ";");
  }

  @Test
  void whatCannotFitIsRefusedWithoutTokenizing() {
    start();
    occupy(BusyLanes.SHORT, 2, 0); // no thread is left
    occupy(BusyLanes.LONG, 1, 0);
    String text = "a".repeat(120_000);
    tooLong(chat(text), "messages", "at least 10000");
    tooLong(gateway.post(TEXT, "{\"prompt\":\"" + text + "\"}"), "prompt", "at least 10000");
    tooLong(
        gateway.post(TEXT, "{\"prompt\":[\"x\",\"" + text + "\"]}"), "prompt", "at least 10000");
    tooLong(gateway.post("/tokenize", "{\"prompt\":\"" + text + "\"}"), "prompt", "at least 10000");
    tooLong(gateway.post(TEXT, "{\"prompt\":[" + "65,".repeat(8191) + "65]}"), "prompt", "8192");
    assertThat(decode.decodes).isEmpty();
  }

  @Test
  void bytesCountAndNotCharacters() {
    start();
    tooLong(chat("é".repeat(MOST_BYTES / 2)), "messages", "at least 8192");
    tooLong(chat("é".repeat(49_000)), "messages", "98019"); // may fit by its bytes: tokenized
    tooLong(chat("🎻".repeat(MOST_BYTES / 4)), "messages", "at least 8192");
  }

  @Test
  void moreTokensThanTheContextAreCounted() {
    start();
    JsonNode counted =
        json(gateway.post("/tokenize", "{\"prompt\":\"" + "a".repeat(10_000) + "\"}"));
    assertThat(counted.get("count").asInt()).isEqualTo(10_000);
  }

  @Test
  void detokenizingIsBoundedByItsText() {
    start();
    JsonNode error =
        error(gateway.post("/detokenize", "{\"tokens\":[" + "256,".repeat(8192) + "256]}"), 400);
    assertThat(error.get("param").asString()).isEqualTo("tokens");
    assertThat(error.get("message").asString()).contains("98304 bytes");
  }

  @Test
  void longTextsHoldUpNoOthers() {
    start();
    occupy(BusyLanes.LONG, 1, 2);
    assertThat(chat("Hi").statusCode()).isEqualTo(200);
  }

  @Test
  void aWaitForTheTokenizerEnds() {
    start("andante.gateway.admission.queue-timeout=300ms");
    occupy(BusyLanes.LONG, 1, 0);
    for (HttpResponse<String> response :
        List.of(
            chat("a".repeat(40_000)),
            gateway.post("/tokenize", "{\"prompt\":\"" + "a".repeat(40_000) + "\"}"))) {
      assertThat(error(response, 429).get("code").asString()).isEqualTo("queue_timeout");
      assertThat(response.headers().firstValue("Retry-After")).isPresent();
      assertThat(response.headers().firstValue("x-llm-d-request-dropped-reason"))
          .hasValue("rejected-ttl-expired");
    }
  }

  @Test
  void aFullTokenizerQueueIsA429() {
    start();
    occupy(BusyLanes.SHORT, 2, 1024);
    HttpResponse<String> response = chat("Hi");
    assertThat(error(response, 429).get("type").asString()).isEqualTo("rate_limit_error");
    assertThat(response.headers().firstValue("Retry-After")).isPresent();
    assertThat(response.headers().firstValue("x-llm-d-request-dropped-reason"))
        .hasValue("rejected-saturated");
    assertThat(gateway.get("/metrics").body())
        .contains("andante_admission_total{outcome=\"rejected-saturated\"} 1");
  }

  private HttpResponse<String> messages(int count) {
    String message = "{\"role\":\"user\",\"content\":\"x\"},";
    return gateway.post(
        CHAT,
        "{\"messages\":["
            + message.repeat(count).transform(s -> s.substring(0, s.length() - 1))
            + "]}");
  }

  @Test
  void tooManyMessages() {
    start();
    JsonNode error = error(messages(70_000), 400);
    assertThat(error.get("param").asString()).isEqualTo("messages");
    assertThat(error.get("message").asString()).contains("70000").contains("at most 8191");
  }

  @Test
  void moreThanTheTemplateCanBeAppliedTo() {
    startWithTemplate(
        "{% for m in messages %}{% for n in messages %}{{ n.role }}{% endfor %}{% endfor %}");
    JsonNode error = error(messages(2000), 400);
    assertThat(error.get("param").asString()).isEqualTo("messages");
    assertThat(error.get("code").asString()).isEqualTo("chat_template");
    assertThat(error.get("message").asString()).contains("1000000 steps").contains("2000 messages");
  }

  @Test
  void aBrokenTemplateIsNotTheClientsFault() {
    startWithTemplate("{% for m in messages %}{{ m.content }}{% endfor %}{{ nofunction() }}");
    JsonNode error = error(chat("Hi"), 500);
    assertThat(error.get("code").asString()).isEqualTo("chat_template");
    assertThat(error.get("message").asString()).contains("broken");
  }
}
