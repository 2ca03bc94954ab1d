package dev.andante.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Precision;
import dev.andante.engine.Attempt;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.model.ModelHost;
import dev.andante.service.state.ServiceState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every role in one JVM, with a model that needs no file. */
class StandaloneMeshTest {

  private static StandaloneMesh start(String model, String... more) throws InterruptedException {
    StandaloneMesh mesh = SmallMesh.start(model, more);
    try {
      until(() -> mesh.role("gateway").getBean(ServiceState.class).ready());
      return mesh;
    } catch (RuntimeException | Error | InterruptedException e) {
      mesh.close();
      throw e;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-tiny", "mixtral-tiny"})
  void dummyModelsAnswer(String name) throws Exception {
    try (StandaloneMesh mesh = start(name)) {
      HttpResponse<String> answer = complete(mesh, name);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(get(mesh, "/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void expertsRunInTheExpertRoleUnlessSwitchedOff() throws Exception {
    String model = "mixtral-tiny";
    String text;
    try (StandaloneMesh mesh = start(model)) {
      text = complete(mesh, "mixtral-tiny").body().replaceAll("\"(id|created)\":[^,]*,", "");
      assertThat(get(mesh, "/metrics").body()).containsPattern("andante_expert_rows_total [1-9]");
    }
    try (StandaloneMesh mesh = start(model, "--andante.standalone.remote-experts=off")) {
      assertThat(complete(mesh, "mixtral-tiny").body().replaceAll("\"(id|created)\":[^,]*,", ""))
          .isEqualTo(text);
      assertThat(get(mesh, "/metrics").body()).contains("andante_expert_rows_total 0");
    }
  }

  /** A model without experts is computed as fast as it can be, wherever experts would run. */
  @Test
  @Tag("slow")
  void whereExpertsRunMakesNoDifferenceToADenseModel() throws Exception {
    String model = "llama-tiny";
    try (StandaloneMesh mesh = start(model);
        StandaloneMesh other = start(model, "--andante.standalone.remote-experts=off")) {
      assertThat(precision(mesh)).isEqualTo(precision(other));
    }
  }

  private static Precision precision(StandaloneMesh mesh) {
    return mesh.role("decode").getBean(ModelHost.class).loaded().join().backend().precision();
  }

  @Test
  void anAnswerSaysHowTheRolesServedIt() throws Exception {
    try (StandaloneMesh mesh = start("llama-tiny", "--andante.engine.draft-wait=1s")) {
      JsonNode auto = explained(mesh, "auto");
      for (int i = 0; i < 20 && auto.at("/andante/drafted_tokens").asInt() == 0; i++) {
        auto = explained(mesh, "auto"); // the first may come before decode has found draft
      }
      JsonNode off = explained(mesh, "off");
      for (JsonNode choice : List.of(auto, off)) {
        JsonNode figures = choice.get("andante");
        assertThat(figures.get("prefill_instance").asString()).startsWith("prefill");
        assertThat(figures.get("decode_instance").asString()).startsWith("decode");
        assertThat(figures.get("kv_transfer_bytes").asLong()).isPositive();
        assertThat(figures.get("kv_transfer_ms").asDouble()).isPositive();
        assertThat(figures.get("resumed").asInt()).isZero();
      }
      assertThat(auto.at("/andante/drafted_tokens").asInt()).isPositive();
      assertThat(off.at("/andante/drafted_tokens").asInt()).isZero();
      assertThat(off.get("text")).isEqualTo(auto.get("text"));
    }
  }

  private static JsonNode explained(StandaloneMesh mesh, String speculation) {
    HttpResponse<String> response =
        post(
            mesh,
            """
            {"model":"llama-tiny","prompt":"Hello, hello, hello, hello","max_tokens":48,
             "temperature":0,"ignore_eos":true,"andante":{"explain":true,"speculation":"%s"}}
            """
                .formatted(speculation));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body()).at("/choices/0");
  }

  @Test
  void oneDeadRoleIsADeadProcess() throws Exception {
    try (StandaloneMesh mesh = start("llama-tiny")) {
      breakEngine(mesh.role("decode").getBean(EngineHost.class));
      until(() -> get(mesh, "/health").statusCode() == 503);
      assertThat(get(mesh, "/health").body()).contains("the engine failed");
      assertThat(get(mesh, "/ready").statusCode()).isEqualTo(503);
    }
  }

  /** The model waits for the expert role, which waits for nobody: a failed start must not hang. */
  @Test
  void aStartThatFailsEnds() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(
          () ->
              StandaloneMesh.start(
                  "--andante.model.path=dummy:mixtral-tiny",
                  "--andante.compute.threads=1",
                  "--andante.draft.max-ngram=0",
                  "--server.port=" + taken.getLocalPort()));
    }
  }

  /** A request that no adapter would let through: the engine thread falls over it. */
  private static void breakEngine(EngineHost host) {
    host.require()
        .engine()
        .generate(
            new GenerationRequest(
                new Attempt("defect", 0),
                PromptTokens.of(1),
                null,
                new StopParams(1, 0, true, Set.of()),
                StopMatcher.NONE,
                false),
            RequestListener.NONE);
  }

  private static HttpResponse<String> complete(StandaloneMesh mesh, String model) {
    return post(
        mesh,
        "{\"model\":\"%s\",\"prompt\":\"Hello\",\"max_tokens\":8,\"temperature\":0}"
            .formatted(model));
  }

  private static HttpResponse<String> post(StandaloneMesh mesh, String json) {
    return send(
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + mesh.httpPort() + "/v1/completions"))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  private static HttpResponse<String> get(StandaloneMesh mesh, String path) {
    return send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + mesh.httpPort() + path)).GET());
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 60 s").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
