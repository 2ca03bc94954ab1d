package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.events;
import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.api.OpenApi;
import dev.andante.protocol.v1.TokenLogprob;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.Resource;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.RequestPredicate;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** What the API's description says of routes and answers is what there is. */
class OpenApiTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
  private static final String ALL =
      ",\"return_token_ids\":true,\"andante\":{\"explain\":true},\"n\":2";

  private static GatewayFixture gateway;
  private static OpenApi api;

  @BeforeAll
  static void start() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    decode.alternatives =
        Map.of(1, List.of(TokenLogprob.newBuilder().setId('A').setLogprob(-1.5f).build()));
    gateway = GatewayFixture.start(List.of(prefill, decode), "andante.gateway.api-keys=key");
    HttpResponse<String> response = gateway.get("/openapi.json");
    assertThat(response.statusCode()).as("nobody needs a key to read it").isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    api = new OpenApi(json(response));
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static JsonNode post(String path, String body, int status) {
    HttpResponse<String> response =
        gateway.send(gateway.postRequest(path, body).header("authorization", "Bearer key"));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return json(response);
  }

  private static JsonNode get(String path, int status) {
    HttpResponse<String> response =
        gateway.send(
            HttpRequest.newBuilder(gateway.uri(path)).header("authorization", "Bearer key"));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return json(response);
  }

  private static void isA(String schema, JsonNode value) {
    assertThat(api.faults(value, schema)).as("%s: %s", schema, value).isEmpty();
  }

  @Test
  void pathsAreTheRoutes() {
    Set<String> described = new TreeSet<>();
    api.document()
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .propertyNames()
                    .forEach(
                        method ->
                            described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
    Routes routes = new Routes();
    gateway.context.getBeansOfType(RouterFunction.class).values().forEach(r -> r.accept(routes));
    assertThat(described).isEqualTo(routes.found);
  }

  @Test
  void pathsThatNeedAKeyAreThoseThatSaySo() {
    api.document()
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          boolean open = operation.getValue().path("security").isArray();
                          String at = path.getKey().replace("{id}", "bytes");
                          int status =
                              operation.getKey().equals("get")
                                  ? gateway.get(at).statusCode()
                                  : gateway.post(at, "{}").statusCode();
                          assertThat(status).as(at).isEqualTo(open ? 200 : 401);
                        }));
  }

  @Test
  void referencesLeadSomewhere() {
    Matcher references =
        Pattern.compile("\"\\$ref\":\"(#[^\"]+)\"").matcher(api.document().toString());
    Set<String> used = new TreeSet<>();
    while (references.find()) {
      used.add(references.group(1));
    }
    assertThat(used).allMatch(to -> !api.document().at(to.substring(1)).isMissingNode());
    for (String kind : List.of("schemas", "parameters", "responses")) {
      assertThat(api.document().at("/components/" + kind).propertyNames())
          .allMatch(name -> used.contains("#/components/" + kind + "/" + name));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ALL, ",\"logprobs\":true,\"top_logprobs\":1" + ALL})
  void chats(String more) {
    isA("ChatCompletionRequest", json(HI + more + "}"));
    isA("ChatCompletion", post(CHAT, HI + more + "}", 200));
    stream(CHAT, HI + more, "ChatCompletionChunk");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ALL, ",\"logprobs\":1" + ALL})
  void completions(String more) {
    String body = "{\"prompt\":\"Hi\",\"max_tokens\":9" + more;
    isA("CompletionRequest", json(body + "}"));
    isA("Completion", post(TEXT, body + "}", 200));
    stream(TEXT, body, "Completion");
  }

  private static void stream(String path, String body, String schema) {
    String stream = body + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
    List<String> events =
        events(
            gateway
                .send(gateway.postRequest(path, stream).header("authorization", "Bearer key"))
                .body());
    List<JsonNode> chunks =
        events.stream()
            .filter(event -> event.startsWith("data: {"))
            .map(event -> json(event.substring(6)))
            .toList();
    assertThat(chunks).hasSizeGreaterThan(6).allSatisfy(chunk -> isA(schema, chunk));
  }

  @Test
  void theOthers() {
    isA("ModelList", get("/v1/models", 200));
    isA("Model", get("/v1/models/bytes", 200));
    isA(
        "TokenizeResponse",
        post("/tokenize", "{\"prompt\":\"a\",\"return_token_strs\":true}", 200));
    isA("DetokenizeResponse", post("/detokenize", "{\"tokens\":[97]}", 200));
    isA("Status", get("/health", 200));
    isA("Status", get("/ready", 200));
  }

  @Test
  void errors() {
    isA("Error", post(CHAT, HI + ",\"n\":0}", 400));
    isA("Error", json(gateway.get("/v1/models")));
    isA("Error", get("/v1/models/none", 404));
    isA("Error", post("/v1/embeddings", "{}", 501));
    isA("Error", post("/openapi.json", "{}", 405));
  }

  /** The check itself finds faults. */
  @Test
  void whatIsNotAsDescribedIsFound() {
    assertThat(
            api.faults(
                json("{\"id\":\"m\",\"object\":\"list\",\"created\":\"1\",\"more\":1}"), "Model"))
        .hasSize(5);
    assertThat(api.faults(json("{\"prompt\":\"a\",\"promt\":1}"), "CompletionRequest")).hasSize(1);
  }

  /** Collects what has a method and a path. */
  private static final class Routes implements RouterFunctions.Visitor {

    private static final Pattern METHOD_AND_PATH = Pattern.compile("\\(([A-Z]+) && (/.*)\\)");

    final Set<String> found = new TreeSet<>();

    @Override
    public void route(RequestPredicate predicate, HandlerFunction<?> handler) {
      Matcher both = METHOD_AND_PATH.matcher(predicate.toString());
      if (both.matches()) { // those without a method refuse the wrong ones
        found.add(both.group(1) + " " + both.group(2).replace("{*", "{"));
      }
    }

    @Override
    public void startNested(RequestPredicate predicate) {}

    @Override
    public void endNested(RequestPredicate predicate) {}

    @Override
    public void resources(Function<ServerRequest, Mono<Resource>> lookup) {}

    @Override
    public void attributes(Map<String, Object> attributes) {}

    @Override
    public void unknown(RouterFunction<?> router) {
      throw new AssertionError("a route of a kind that this test does not know: " + router);
    }
  }
}
