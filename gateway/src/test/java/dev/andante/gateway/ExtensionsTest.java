package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.GenerationStats;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.Reader;
import io.grpc.Status;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The {@code andante} object: what may be in it, what it changes, what comes back. */
class ExtensionsTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  private static final String USUAL =
      ",\"cached_tokens\":16,\"kv_transfer_ms\":2.5,\"kv_transfer_bytes\":4096,"
          + "\"drafted_tokens\":6,\"accepted_tokens\":4,\"preemptions\":1,\"resumed\":0";

  private static final String FORKED =
      USUAL
          .replace("\"cached_tokens\":16", "\"cached_tokens\":0")
          .replace("2.5", "0.0")
          .replace("4096", "0");

  private static FakeWorker prefill;
  private static FakeWorker decode;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() {
    prefill = FakeWorker.prefill();
    decode = FakeWorker.decode();
    // Prompts of two tokens and less stay on decode.
    gateway =
        GatewayFixture.start(
            List.of(prefill, decode), "andante.gateway.routing.local-prompt-tokens=2");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @BeforeEach
  void reset() {
    prefill.prefills.clear();
    decode.decodes.clear();
    prefill.answers("Hello");
    decode.answers("Hello");
    prefill.prefillFigures =
        PrefillReply.newBuilder()
            .setCachedTokens(16)
            .setQueueMicros(1_000_000)
            .setTransferMicros(2_500)
            .setKvBytes(4096)
            .build();
    decode.stats =
        GenerationStats.newBuilder()
            .setQueueMicros(2_000_000)
            .setDraftedTokens(6)
            .setAcceptedTokens(4)
            .setPreemptions(1)
            .build();
  }

  private static HttpResponse<String> chat(String andante, String more) {
    return gateway.post(CHAT, "{" + HI + more + ",\"andante\":" + andante + "}");
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response);
  }

  /** All but the time in queues, some of which is real. */
  private static String shown(JsonNode figures, double queueMillis) {
    assertThat(figures.get("queue_ms").asDouble())
        .isGreaterThanOrEqualTo(queueMillis)
        .isLessThan(queueMillis + 60_000);
    ObjectNode rest = (ObjectNode) figures.deepCopy();
    rest.remove("queue_ms");
    rest.remove("prefill_estimate_ms"); // WeighedPathsTest
    rest.remove("local_estimate_ms");
    rest.remove("qoe"); // ReadersTest
    rest.remove("qoe_v1");
    return rest.toString();
  }

  private static String figures(String prefillInstance, String decodeInstance, String rest) {
    return "{\"prefill_instance\":"
        + prefillInstance
        + ",\"decode_instance\":"
        + decodeInstance
        + rest
        + "}";
  }

  private static String quoted(FakeWorker worker) {
    return "\"" + worker.instance + "\"";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "andante|[]|must be an object",
        "andante.quality|{\"quality\":{}}|Unknown parameter: 'andante.quality'",
        "andante.qoe|{\"qoe\":true}|must be an object",
        "andante.qoe.ttft_ms|{\"qoe\":{\"ttft_ms\":0.5}}|from 1 to 3600000, not 0.5",
        "andante.qoe.ttft_ms|{\"qoe\":{\"ttft_ms\":3600001}}|from 1 to 3600000",
        "andante.qoe.ttft_ms|{\"qoe\":{\"ttft_ms\":\"1s\"}}|must be a number",
        "andante.qoe.tokens_per_second|{\"qoe\":{\"tokens_per_second\":0}}|from 0.01 to 10000",
        "andante.qoe.tokens_per_second|{\"qoe\":{\"tokens_per_second\":10001}}|from 0.01 to 10000",
        "andante.qoe.pacing|{\"qoe\":{\"pacing\":true}}|must be a string",
        "andante.qoe.pacing|{\"qoe\":{\"pacing\":\"slow\"}}|'on' or 'off'",
        "andante.qoe.ttft|{\"qoe\":{\"ttft\":1}}|Unknown parameter",
        "andante.priority|{\"priority\":101}|from -100 to 100, not 101",
        "andante.priority|{\"priority\":\"high\"}|integer",
        "andante.speculation|{\"speculation\":\"max\"}|'auto' or 'off'",
        "andante.speculation|{\"speculation\":false}|must be a string",
        "andante.explain|{\"explain\":1}|true or false",
      })
  void aBadOneIsRefused(String param, String andante, String words) {
    HttpResponse<String> response = chat(andante, "");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode error = json(response).get("error");
    assertThat(error.get("param").asString()).isEqualTo(param);
    assertThat(error.get("message").asString()).contains(words);
    assertThat(prefill.prefills).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "{}",
        "{\"qoe\":null}",
        "{\"qoe\":{\"ttft_ms\":1,\"tokens_per_second\":0.01,\"pacing\":\"off\"}}",
        "{\"qoe\":{\"ttft_ms\":3600000,\"tokens_per_second\":10000,\"pacing\":\"on\"}}",
        "{\"priority\":-100,\"speculation\":\"auto\",\"explain\":false}",
      })
  void whatIsWithinTheLimitsChangesNoAnswer(String andante) {
    JsonNode choice = ok(chat(andante, "")).at("/choices/0");
    assertThat(choice.propertyNames())
        .containsExactly("index", "message", "logprobs", "finish_reason");
    assertThat(choice.at("/message/content").asString()).isEqualTo("Hello");
    assertThat(decode.decodes.getFirst().getSpeculation().getOff()).isFalse();
  }

  @Test
  void speculationCanBeSwitchedOff() {
    ok(chat("{\"speculation\":\"off\"}", ""));
    assertThat(decode.decodes.getFirst().getSpeculation().getOff()).isTrue();
  }

  @Test
  void workersHearWhetherItIsUrgent() {
    ok(chat("{\"priority\":-7}", ""));
    assertThat(prefill.prefills.getFirst().getPriority()).isEqualTo(-1);
    assertThat(decode.decodes.getFirst().getPriority()).isEqualTo(-1);
  }

  @Test
  void workersHearWhatTheReaderExpectsAndHowLongTheyHaveWaited() {
    ok(chat("{\"qoe\":{\"ttft_ms\":250,\"tokens_per_second\":12.5}}", ""));
    Reader early = prefill.prefills.getFirst().getReader();
    Reader late = decode.decodes.getFirst().getReader();
    assertThat(early.getTtftSeconds()).isEqualTo(0.25);
    assertThat(early.getTokensPerSecond()).isEqualTo(12.5);
    assertThat(early.getWaitedMicros()).isPositive();
    assertThat(late.getTtftSeconds()).isEqualTo(0.25);
    assertThat(late.getWaitedMicros()).isGreaterThan(early.getWaitedMicros());
  }

  @Test
  void workersHearWhetherAnybodyReadsBeforeTheEnd() {
    ok(chat("{}", ""));
    assertThat(prefill.prefills.getFirst().getReader().getWhole()).isTrue();
    assertThat(decode.decodes.getFirst().getReader().getWhole()).isTrue();
    assertThat(chat("{}", ",\"stream\":true").statusCode()).isEqualTo(200);
    assertThat(prefill.prefills.getLast().getReader().getWhole()).isFalse();
    assertThat(decode.decodes.getLast().getReader().getWhole()).isFalse();
  }

  @Test
  void workersHearTheDefaultsWhereNobodySaysMore() {
    ok(chat("{}", ""));
    Reader reader = prefill.prefills.getFirst().getReader();
    assertThat(reader.getTtftSeconds()).isEqualTo(1);
    assertThat(reader.getTokensPerSecond()).isEqualTo(4.8);
  }

  @Test
  void eachChoiceSaysHowItWasServed() {
    JsonNode out = ok(chat("{\"explain\":true}", ",\"n\":2"));
    assertThat(out.get("choices")).hasSize(2);
    assertThat(shown(out.at("/choices/0/andante"), 3000))
        .isEqualTo(figures(quoted(prefill), quoted(decode), USUAL));
    assertThat(shown(out.at("/choices/1/andante"), 2000))
        .as("forked from the first on decode")
        .isEqualTo(figures("null", quoted(decode), FORKED));
    assertThat(out.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isEqualTo(16);
  }

  @Test
  void aStreamSaysItWithTheReasonItEnded() {
    List<JsonNode> chunks =
        events(chat("{\"explain\":true}", ",\"stream\":true").body()).stream()
            .filter(event -> event.startsWith("data: {"))
            .map(event -> json(event.substring(6)).at("/choices/0"))
            .toList();
    assertThat(chunks.subList(0, chunks.size() - 1)).noneMatch(choice -> choice.has("andante"));
    assertThat(chunks.getLast().get("finish_reason").asString()).isEqualTo("stop");
    assertThat(shown(chunks.getLast().get("andante"), 3000))
        .isEqualTo(figures(quoted(prefill), quoted(decode), USUAL));
  }

  /** The worker's figures come with the token that completes the stop string. */
  @Test
  void anAnswerThatAStopStringEndedSaysItToo() {
    prefill.answers("Hel.");
    decode.answers("Hel.");
    decode.tokensPerChunk = 4;
    JsonNode choice = ok(chat("{\"explain\":true}", ",\"stop\":\".\"")).at("/choices/0");
    decode.tokensPerChunk = 1;
    assertThat(choice.at("/message/content").asString()).isEqualTo("Hel");
    assertThat(shown(choice.get("andante"), 3000))
        .isEqualTo(figures(quoted(prefill), quoted(decode), USUAL));
  }

  @Test
  void completionsSayItToo() {
    String body = "{\"prompt\":\"Once\",\"max_tokens\":9,\"andante\":{\"explain\":true}";
    JsonNode whole = ok(gateway.post("/v1/completions", body + "}"));
    assertThat(whole.at("/choices/0/andante/decode_instance").asString())
        .isEqualTo(decode.instance);
    List<String> chunks =
        events(gateway.post("/v1/completions", body + ",\"stream\":true}").body());
    JsonNode last = json(chunks.get(chunks.size() - 2).substring(6)).at("/choices/0");
    assertThat(last.at("/andante/prefill_instance").asString()).isEqualTo(prefill.instance);
  }

  @Test
  void oneTokenNeedsNoDecode() {
    JsonNode choice = ok(chat("{\"explain\":true}", ",\"max_tokens\":1")).at("/choices/0");
    assertThat(shown(choice.get("andante"), 1000))
        .isEqualTo(
            figures(
                quoted(prefill),
                "null",
                ",\"cached_tokens\":16,\"kv_transfer_ms\":2.5,\"kv_transfer_bytes\":4096,"
                    + "\"drafted_tokens\":0,\"accepted_tokens\":0,\"preemptions\":0,"
                    + "\"resumed\":0"));
  }

  @Test
  void aPromptThatDecodeComputedHasNoPrefill() {
    decode.stats = GenerationStats.newBuilder().setCachedTokens(1).build();
    JsonNode out =
        ok(gateway.post("/v1/completions", "{\"prompt\":\"On\",\"andante\":{\"explain\":true}}"));
    assertThat(shown(out.at("/choices/0/andante"), 0))
        .isEqualTo(
            figures(
                "null",
                quoted(decode),
                ",\"cached_tokens\":1,\"kv_transfer_ms\":0.0,\"kv_transfer_bytes\":0,"
                    + "\"drafted_tokens\":0,\"accepted_tokens\":0,\"preemptions\":0,"
                    + "\"resumed\":0"));
  }

  @Test
  void aResumedAnswerAddsItsAttemptsUp() {
    decode.decodeFailures.add(new FakeWorker.Cut(2, Status.UNAVAILABLE.asRuntimeException()));
    JsonNode choice = ok(chat("{\"explain\":true}", "")).at("/choices/0");
    assertThat(choice.at("/message/content").asString()).isEqualTo("Hello");
    assertThat(shown(choice.get("andante"), 4000))
        .isEqualTo(
            figures(
                quoted(prefill),
                quoted(decode),
                ",\"cached_tokens\":16,\"kv_transfer_ms\":5.0,\"kv_transfer_bytes\":8192,"
                    + "\"drafted_tokens\":6,\"accepted_tokens\":4,\"preemptions\":1,"
                    + "\"resumed\":1"));
  }
}
