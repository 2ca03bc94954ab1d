package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Bad requests get the right status and an error object, and reach no worker. */
class BadInputTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  private static FakeWorker prefill;
  private static FakeWorker decode;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() {
    prefill = FakeWorker.prefill();
    decode = FakeWorker.decode();
    gateway =
        GatewayFixture.start(List.of(prefill, decode), "andante.gateway.http.max-body-size=64KB");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @AfterEach
  void nothingReachedAWorker() {
    assertThat(prefill.prefills).isEmpty();
    assertThat(decode.decodes).isEmpty();
  }

  private static JsonNode error(HttpResponse<String> response, int status, String type) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    JsonNode error = json(response).get("error");
    assertThat(error.propertyNames()).containsExactly("message", "type", "param", "code");
    assertThat(error.get("type").asString()).isEqualTo(type);
    assertThat(error.get("message").asString()).isNotBlank();
    return error;
  }

  private static JsonNode invalid(String path, String json) {
    return error(gateway.post(path, json), 400, "invalid_request_error");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "temperature|-1|from 0 to 2, not -1",
        "temperature|\"hot\"|from 0 to 2",
        "temperature|2.5|from 0 to 2",
        "temperature|1e999|from 0 to 2",
        "top_p|0|above 0, up to 1, not 0",
        "top_p|true|above 0, up to 1",
        "top_k|1.5|integer",
        "min_p|1.01|from 0 to 1",
        "n|0|from 1 to 16, not 0",
        "n|17|from 1 to 16",
        "n|\"1\"|from 1 to 16",
        "max_tokens|0|at least 1, not 0",
        "max_tokens|-5|at least 1",
        "max_tokens|12345678901234567890|at least 1",
        "max_completion_tokens|1.0|integer",
        "min_tokens|-1|at least 0",
        "min_tokens|50|0 to max_tokens (9)",
        "presence_penalty|3|from -2 to 2",
        "frequency_penalty|-2.1|from -2 to 2",
        "repetition_penalty|0|above 0",
        "seed|1.5|64 bits",
        "seed|\"x\"|64 bits",
        "stop|[\"a\",\"b\",\"c\",\"d\",\"e\"]|1 to 4 strings, not 5",
        "stop|[\"a\",\"\"]|empty",
        "stop|7|array",
        "logit_bias|[1]|object",
        "logit_bias.5|{\"5\":101}|from -100 to 100",
        "logit_bias|{\"five\":1}|token ids",
        "logit_bias|{\"999\":1}|0 to 257",
        "stop_token_ids|[300]|0 to 257",
        "stop_token_ids[0]|[-1]|token id",
        "top_logprobs|21|from 0 to 20",
        "top_logprobs|2|needs 'logprobs'",
        "logprobs|1|true or false",
        "stream|\"yes\"|true or false",
        "stream_options|{\"include_usage\":true}|needs 'stream'",
        "response_format.type|{\"type\":\"json_object\"}|not supported yet",
        "response_format.type|{\"type\":\"json_schema\",\"json_schema\":{}}|not supported yet",
        "response_format.type|{\"type\":\"xml\"}|must be",
        "response_format|\"text\"|object",
        "response_format.schema|{\"type\":\"text\",\"schema\":{}}|Unknown parameter",
        "stream_options.usage|{\"usage\":true},\"stream\":true|Unknown parameter",
        "temprature|0|Unknown parameter: 'temprature'.",
        "andante_option|{}|Unknown parameter",
        "prompt|\"a\"|Unknown parameter",
        "reasoning_effort|\"high\"|only be 'none'",
        "verbosity|\"low\"|only be 'medium'",
        "modalities|[\"text\",\"audio\"]|['text']",
        "audio|{\"voice\":\"alloy\"}|not supported",
        "web_search_options|{}|not supported",
        "user|5|string",
        "metadata|[]|object",
        "store|1|true or false",
        "model|7|string",
        "messages|[]|at least one",
        "messages|\"Hi\"|array",
        "messages|null|required",
        "messages[0]|[\"Hi\"]|object",
        "messages[0].role|[{\"content\":\"x\"}]|required",
        "messages[0].role|[{\"role\":\"tool\",\"content\":\"x\"}]|not supported yet",
        "messages[0].role|[{\"role\":\"king\",\"content\":\"x\"}]|one of",
        "messages[0].content|[{\"role\":\"user\"}]|required",
        "messages[0].content|[{\"role\":\"user\",\"content\":5}]|string",
        "messages[0].content[0].type|[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]|'text'",
        "messages[0].content[0].text|[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]|required",
        "messages[1].content|[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"\\ud800\"}]|surrogate",
      })
  void aBadFieldIsNamedWithItsLimits(String param, String value, String words) {
    String field = param.replaceAll("[.\\[].*", "");
    String messages = field.equals("messages") ? "" : "," + HI;
    String json =
        "{\"model\":\"bytes\",\"max_tokens\":9,\"" + field + "\":" + value + messages + "}";
    if (field.equals("max_tokens")) {
      json = json.replace("\"max_tokens\":9,", "");
    }
    if (field.equals("model")) {
      json = json.replace("\"model\":\"bytes\",", "");
    }
    JsonNode error = invalid(CHAT, json);
    assertThat(error.get("param").asString()).isEqualTo(param);
    assertThat(error.get("message").asString()).contains(words).contains(field);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "prompt|null|required",
        "prompt|5|must be a string",
        "prompt|[]|empty",
        "prompt|\"\"|no tokens",
        "prompt|[258]|0 to 257",
        "prompt[1]|[1,-1]|token id",
        "prompt[1]|[1,\"a\"]|token id",
        "prompt[0][0]|[[1.5]]|token id",
        "prompt|[{}]|must be a string",
        "n|[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"],\"n\":2|at most 16, not 18",
        "echo|\"a\",\"echo\":true|not supported",
        "suffix|\"a\",\"suffix\":\"b\"|not supported",
        "best_of|\"a\",\"best_of\":3|not supported",
        "logprobs|\"a\",\"logprobs\":21|from 0 to 20",
        "messages|\"a\",\"messages\":[]|Unknown parameter",
        "add_generation_prompt|\"a\",\"add_generation_prompt\":true|Unknown parameter",
      })
  void aBadCompletion(String param, String prompt, String words) {
    JsonNode error = invalid(TEXT, "{\"model\":\"bytes\",\"prompt\":" + prompt + "}");
    assertThat(error.get("param").asString()).isEqualTo(param);
    assertThat(error.get("message").asString()).contains(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "tools|`{HI,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}`",
        "functions|`{HI,\"functions\":[{\"name\":\"f\"}]}`",
        "tool_choice|`{HI,\"tool_choice\":\"required\"}`",
        "tool_choice|`{HI,\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}}`",
        "function_call|`{HI,\"function_call\":{\"name\":\"f\"}}`",
        "messages[0].role|`{\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"x\"}]}`",
        "messages[0].role|`{\"messages\":[{\"role\":\"function\",\"name\":\"f\",\"content\":\"x\"}]}`",
        "messages[0].tool_calls|`{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\"}]}]}`",
        "messages[0].function_call|`{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"function_call\":{\"name\":\"f\"}}]}`",
      })
  void toolsAreRefusedByEachOfTheirNames(String param, String json) {
    JsonNode error = invalid(CHAT, json.replace("HI", HI));
    assertThat(error.get("param").asString()).isEqualTo(param);
    assertThat(error.get("code").asString()).isEqualTo("unsupported_parameter");
    assertThat(error.get("message").asString())
        .contains("'" + param + "'")
        .contains("not supported");
  }

  @Test
  void malformedToolsAreMalformed() {
    JsonNode error = invalid(CHAT, "{" + HI + ",\"tools\":{}}");
    assertThat(error.get("param").asString()).isEqualTo("tools");
    assertThat(error.get("message").asString()).contains("array");
  }

  @Test
  void unknownAndUnsupportedParametersHaveCodes() {
    assertThat(invalid(CHAT, "{" + HI + ",\"n_predict\":3}").get("code").asString())
        .isEqualTo("unknown_parameter");
    assertThat(invalid(CHAT, "{" + HI + ",\"verbosity\":\"low\"}").get("code").asString())
        .isEqualTo("unsupported_parameter");
  }

  /** A name may be anything; only what looks like one is repeated. */
  @Test
  void anUnknownNameThatIsNoneIsNotRepeated() {
    JsonNode error = invalid(CHAT, "{" + HI + ",\"my secret words\":1}");
    assertThat(error.get("param").isNull()).isTrue();
    assertThat(error.get("message").asString()).isEqualTo("The body holds an unknown parameter.");
    JsonNode inside =
        invalid(CHAT, "{" + HI + ",\"stream\":true,\"stream_options\":{\"my secret words\":1}}");
    assertThat(inside.get("param").asString()).isEqualTo("stream_options");
    assertThat(inside.get("message").asString()).doesNotContain("secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``",
        "{",
        "nonsense",
        "[]",
        "\"text\"",
        "null",
        "{} {}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":NaN}"
      })
  void malformedJson(String body) {
    JsonNode error = invalid(CHAT, body);
    assertThat(error.get("message").asString()).contains("JSON");
  }

  @Test
  void deepNestingIsMalformed() {
    invalid(CHAT, "[".repeat(30_000));
    invalid(CHAT, "{\"a\":".repeat(10_000));
  }

  @Test
  void invalidUtf8() {
    byte[] body =
        ("{\"model\":\"bytes\"," + HI + "}").getBytes(java.nio.charset.StandardCharsets.UTF_8);
    body[body.length - 5] = (byte) 0xFF;
    JsonNode error =
        error(
            gateway.send(
                HttpRequest.newBuilder(gateway.uri(CHAT))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))),
            400,
            "invalid_request_error");
    assertThat(error.get("message").asString()).contains("UTF-8");
  }

  @Test
  void unknownModel() {
    JsonNode error =
        error(gateway.post(CHAT, "{\"model\":\"gpt-9\"," + HI + "}"), 404, "invalid_request_error");
    assertThat(error.get("code").asString()).isEqualTo("model_not_found");
    assertThat(error.get("param").asString()).isEqualTo("model");
    error(gateway.get("/v1/models/gpt-9"), 404, "invalid_request_error");
  }

  @Test
  void contextLength() {
    String longText = "a".repeat(300);
    JsonNode tooLong =
        invalid(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"" + longText + "\"}]}");
    assertThat(tooLong.get("code").asString()).isEqualTo("context_length_exceeded");
    assertThat(tooLong.get("param").asString()).isEqualTo("messages");
    assertThat(tooLong.get("message").asString()).contains("256").contains("319");

    JsonNode together = invalid(CHAT, "{" + HI + ",\"max_tokens\":236}");
    assertThat(together.get("code").asString()).isEqualTo("context_length_exceeded");
    assertThat(together.get("param").asString()).isEqualTo("max_tokens");
    assertThat(together.get("message").asString()).contains("max_tokens can be 1 to 235");
  }

  /** Clients look the field up among those they sent. */
  @Test
  void errorsNameTheLimitThatTheClientSent() {
    JsonNode newer = invalid(CHAT, "{" + HI + ",\"max_completion_tokens\":236}");
    assertThat(newer.get("param").asString()).isEqualTo("max_completion_tokens");
    assertThat(newer.get("message").asString()).contains("max_completion_tokens can be 1 to 235");
    JsonNode both = invalid(CHAT, "{" + HI + ",\"max_tokens\":1,\"max_completion_tokens\":236}");
    assertThat(both.get("param").asString()).isEqualTo("max_completion_tokens");
    JsonNode least = invalid(CHAT, "{" + HI + ",\"max_completion_tokens\":3,\"min_tokens\":4}");
    assertThat(least.get("message").asString()).contains("0 to max_completion_tokens (3).");
    JsonNode room = invalid(CHAT, "{" + HI + ",\"min_tokens\":236}");
    assertThat(room.get("message").asString()).isEqualTo("'min_tokens' must be 0 to 235.");
  }

  @Test
  void tooLargeABody() {
    String big = "{\"x\":\"" + "a".repeat(10_000_000) + "\"}";
    JsonNode error = error(gateway.post(CHAT, big), 413, "invalid_request_error");
    assertThat(error.get("message").asString()).contains("65536 bytes");
    error(
        gateway.send(
            HttpRequest.newBuilder(gateway.uri(CHAT))
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.fromPublisher( // chunked: no length to go by
                        HttpRequest.BodyPublishers.ofString(big)))),
        413,
        "invalid_request_error");
  }

  @Test
  void wrongPathMethodAndContentType() {
    error(gateway.get("/v1/nothing"), 404, "invalid_request_error");
    error(gateway.post("/v1/nothing", "{}"), 404, "invalid_request_error");
    error(gateway.get(CHAT), 405, "invalid_request_error");
    error(gateway.post("/v1/models", "{}"), 405, "invalid_request_error");
    error(
        gateway.send(
            HttpRequest.newBuilder(gateway.uri(CHAT))
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))),
        415,
        "invalid_request_error");
    error(
        gateway.send(
            HttpRequest.newBuilder(gateway.uri(CHAT))
                .header("Content-Type", "no type at all")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))),
        415,
        "invalid_request_error");
  }

  @Test
  void embeddingsAreNotServed() {
    error(gateway.post("/v1/embeddings", "{}"), 501, "server_error");
  }

  @Test
  void badTokenizing() {
    assertThat(invalid("/tokenize", "{}").get("param").asString()).isEqualTo("prompt");
    assertThat(invalid("/detokenize", "{}").get("param").asString()).isEqualTo("tokens");
    assertThat(invalid("/detokenize", "{\"tokens\":[258]}").get("message").asString())
        .contains("0 to 257");
    assertThat(invalid("/tokenize", "{\"messages\":[]}").get("param").asString())
        .isEqualTo("messages");
    assertThat(invalid("/tokenize", "{\"prompt\":\"a\",\"max_tokens\":1}").get("param").asString())
        .isEqualTo("max_tokens");
    assertThat(invalid("/tokenize", "{\"prompt\":\"a\"," + HI + "}").get("param").asString())
        .isEqualTo("prompt");
    assertThat(invalid("/detokenize", "{\"tokens\":[1],\"ids\":[]}").get("param").asString())
        .isEqualTo("ids");
  }

  @Test
  void noPromptIsInAnErrorMessage() {
    String secret = "my-secret-words";
    for (String body :
        List.of(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"" + secret + "\"}],\"n\":0}",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"" + secret + "\"",
            "{\"messages\":\"" + secret + "\"}",
            "{\"messages\":[{\"role\":\"" + secret + "\",\"content\":\"x\"}]}",
            "{\"stop\":[1,\"" + secret + "\"]," + HI + "}")) {
      assertThat(gateway.post(CHAT, body).body()).doesNotContain(secret);
    }
  }
}
