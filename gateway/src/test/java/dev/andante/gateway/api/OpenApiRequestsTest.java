package dev.andante.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import dev.andante.service.grpc.RequestIdentity;
import dev.andante.service.grpc.TraceParent;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What the API's description says of requests is what the parsers take. */
class OpenApiRequestsTest {

  private static final RequestParser CHAT = new ChatRequestParser(new CommonParameters(16));
  private static final RequestParser TEXT = new CompletionRequestParser(new CommonParameters(16));
  private static final RequestIdentity IDENTITY = new RequestIdentity("id", TraceParent.begin());

  /** Every object in it, so that its fields are asked for. */
  private static final String OBJECTS =
      ",\"stream\":true,\"stream_options\":{},\"response_format\":{\"type\":\"text\"},"
          + "\"andante\":{\"qoe\":{}}}";

  private static final String CHAT_BODY =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"logprobs\":true" + OBJECTS;
  private static final String TEXT_BODY = "{\"prompt\":\"Hi\"" + OBJECTS;

  private final OpenApi api = OpenApi.read();

  private static ObjectNode body(String json) {
    return (ObjectNode) JsonMapper.shared().readTree(json);
  }

  private static Map<String, Set<String>> parse(RequestParser parser, ObjectNode body) {
    Fields fields = Fields.root(body);
    var _ = parser.parse(fields, "id~1", IDENTITY);
    return fields.asked();
  }

  private Set<String> described(String schema) {
    return api.properties(api.schema(schema)).keySet();
  }

  @Test
  void propertiesAreTheParametersThatAreTaken() {
    Map<String, Set<String>> chat = parse(CHAT, body(CHAT_BODY));
    assertThat(chat.get(""))
        .containsExactlyInAnyOrderElementsOf(described("ChatCompletionRequest"));
    Map<String, Set<String>> text = parse(TEXT, body(TEXT_BODY));
    assertThat(text.get("")).containsExactlyInAnyOrderElementsOf(described("CompletionRequest"));
    Map<String, String> inside =
        Map.of(
            "stream_options", "StreamOptions",
            "response_format", "ResponseFormat",
            "andante", "Extensions",
            "andante.qoe", "Qoe");
    inside.forEach(
        (path, schema) -> {
          assertThat(chat.get(path)).containsExactlyInAnyOrderElementsOf(described(schema));
          assertThat(text.get(path)).containsExactlyInAnyOrderElementsOf(described(schema));
        });
    assertThat(chat.keySet()).as("objects").hasSize(inside.size() + 1);
  }

  /** The page says that what it does not list is refused. */
  @Test
  void thePageForPeopleListsThemAll() throws IOException {
    String page =
        Files.readString(Path.of(System.getProperty("andante.root", ".."), "docs", "api.md"));
    for (String schema : List.of("ChatCompletionRequest", "CompletionRequest", "TokenizeRequest")) {
      for (String name : described(schema)) {
        assertThat(page).containsPattern("[`{. ]" + name + "[`}.]");
      }
    }
    for (String name : described("Qoe")) {
      assertThat(page).contains("`qoe." + name + "`");
    }
    for (String name : api.properties(api.schema("Explanation")).keySet()) {
      assertThat(page).contains("`" + name + "`");
    }
  }

  @Test
  void propertiesOfTokenizing() {
    Fields tokenize = Fields.root(body("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"));
    var _ = TokenizeRequest.parse(tokenize);
    assertThat(tokenize.asked().get(""))
        .containsExactlyInAnyOrderElementsOf(described("TokenizeRequest"));
    Fields detokenize = Fields.root(body("{\"tokens\":[1]}"));
    var _ = DetokenizeRequest.parse(detokenize);
    assertThat(detokenize.asked().get(""))
        .containsExactlyInAnyOrderElementsOf(described("DetokenizeRequest"));
  }

  @Test
  void limitsAreThoseThatAreHeld() {
    int checked =
        limits(CHAT, CHAT_BODY, "ChatCompletionRequest", "")
            + limits(TEXT, TEXT_BODY, "CompletionRequest", "")
            + limits(CHAT, CHAT_BODY, "Extensions", "/andante")
            + limits(CHAT, CHAT_BODY, "Qoe", "/andante/qoe");
    assertThat(checked).as("limits found").isGreaterThan(40);
  }

  private int limits(RequestParser parser, String body, String schema, String inside) {
    int checked = 0;
    for (Map.Entry<String, JsonNode> property :
        new TreeMap<>(api.properties(api.schema(schema))).entrySet()) {
      String name = property.getKey();
      JsonNode limits = property.getValue();
      if (name.equals("best_of")) { // depends on n
        continue;
      }
      String at = inside.isEmpty() ? name : inside.substring(1).replace('/', '.') + "." + name;
      BigDecimal step =
          new BigDecimal(limits.path("type").asString("").equals("integer") ? "1" : "0.001");
      for (JsonNode word : limits.path("enum")) {
        var _ = parse(parser, with(body, inside, name, word));
        checked++;
      }
      if (limits.has("enum")) {
        refused(parser, with(body, inside, name, text("no such word")), at);
      }
      if (limits.has("minimum")) {
        BigDecimal least = limits.get("minimum").decimalValue();
        var _ = parse(parser, with(body, inside, name, number(least)));
        refused(parser, with(body, inside, name, number(least.subtract(step))), at);
        checked++;
      }
      if (limits.has("exclusiveMinimum")) {
        refused(parser, with(body, inside, name, limits.get("exclusiveMinimum")), at);
        checked++;
      }
      if (limits.has("maximum")) {
        BigDecimal most = limits.get("maximum").decimalValue();
        var _ = parse(parser, with(body, inside, name, number(most)));
        refused(parser, with(body, inside, name, number(most.add(step))), at);
        checked++;
      }
    }
    return checked;
  }

  private static void refused(RequestParser parser, ObjectNode body, String param) {
    assertThatThrownBy(() -> parse(parser, body))
        .as("%s in %s", param, body)
        .isInstanceOfSatisfying(
            ApiException.class,
            refusal -> {
              assertThat(refusal.status()).isEqualTo(400);
              assertThat(refusal.param()).isEqualTo(param);
            });
  }

  private static ObjectNode with(String json, String inside, String name, JsonNode value) {
    ObjectNode body = body(json);
    ((ObjectNode) body.at(inside)).set(name, value);
    return body;
  }

  private static JsonNode text(String text) {
    return JsonMapper.shared().valueToTree(text);
  }

  /** As a client writes it: 1, not 1.0. */
  private static JsonNode number(BigDecimal number) {
    return JsonMapper.shared().readTree(number.stripTrailingZeros().toPlainString());
  }
}
