package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.decode.DecodeApplication;
import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.gateway.GatewayApplication;
import dev.andante.host.engine.EngineHost;
import dev.andante.prefill.PrefillApplication;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.state.ServiceState;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A decode service that stops while it answers: the reader notices nothing. */
@Tag("slow")
class DecodeRolloutTest {

  private static final int TOKENS = 300;
  private static final String REQUEST =
      "{\"model\":\"llama-tiny\",\"prompt\":\"A prompt that fills some blocks, and then some.\","
          + "\"ignore_eos\":true,\"stream\":true,\"stream_options\":{\"include_usage\":true},"
          + "\"max_tokens\":"
          + TOKENS
          + ",";

  private final List<ConfigurableApplicationContext> contexts = new ArrayList<>();
  private final HttpClient http = HttpClient.newHttpClient();
  private List<ConfigurableApplicationContext> decodes;
  private ConfigurableApplicationContext gateway;

  @BeforeEach
  void start() throws InterruptedException {
    ConfigurableApplicationContext prefill = worker(PrefillApplication.class, "prefill");
    decodes =
        List.of(
            worker(DecodeApplication.class, "decode"), worker(DecodeApplication.class, "decode"));
    gateway =
        run(
            GatewayApplication.class,
            "gateway",
            "--server.port=0",
            "--andante.gateway.discovery.status-interval=50ms",
            instance("prefill", 0, prefill),
            instance("decode", 0, decodes.get(0)),
            instance("decode", 1, decodes.get(1)));
    until(() -> gateway.getBean(ServiceState.class).ready());
  }

  private ConfigurableApplicationContext worker(Class<?> application, String role) {
    ConfigurableApplicationContext context =
        run(
            application,
            role,
            "--server.port=0",
            "--andante.grpc.port=0",
            "--andante.model.path=dummy:llama-tiny",
            "--andante.compute.threads=1",
            "--andante.compute.precision=exact", // an answer goes on elsewhere with the same tokens
            "--andante.engine.kv-memory=2MB",
            "--andante.engine.warm-up=0s",
            "--andante.drain.timeout=60s");
    context.getBean(EngineHost.class).started().orTimeout(60, TimeUnit.SECONDS).join();
    return context;
  }

  private ConfigurableApplicationContext run(
      Class<?> application, String role, String... arguments) {
    ConfigurableApplicationContext context =
        ServiceLauncher.of(application, role).registerShutdownHook(false).run(arguments);
    contexts.addFirst(context);
    return context;
  }

  private static String instance(String role, int number, ConfigurableApplicationContext worker) {
    return "--spring.cloud.discovery.client.simple.instances.andante-%s[%d].uri=http://127.0.0.1:%d"
        .formatted(role, number, worker.getBean(GrpcServer.class).port());
  }

  @AfterEach
  void stop() {
    http.shutdownNow();
    contexts.forEach(ConfigurableApplicationContext::close);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"temperature\":0", "\"temperature\":1,\"seed\":5"})
  void itsAnswersGoOnOnTheOtherOne(String sampling) throws Exception {
    Read alone = new Read(sampling);
    alone.all();
    assertThat(alone.completionTokens).isEqualTo(TOKENS);
    decodes.forEach(DecodeRolloutTest::slow);
    Read read = new Read(sampling);
    read.some(20);
    ConfigurableApplicationContext busy =
        decodes.stream().filter(decode -> status(decode).running() == 2).findFirst().orElseThrow();
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(busy::close);
    read.all();
    assertThat(read.text.toString()).isEqualTo(alone.text.toString());
    assertThat(read.completionTokens).as("each token counts once").isEqualTo(TOKENS);
    stopped.orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(resumed("handed_over")).isEqualTo(1);
    assertThat(resumed("recomputed")).isZero();
    ConfigurableApplicationContext other = decodes.get(1 - decodes.indexOf(busy));
    until(
        () -> {
          EngineStatus now = status(other);
          return now.running() + now.waiting() + now.reservedBlocks() == 0
              && now.freeBlocks() == now.totalBlocks();
        });
    engine(other).checkIntegrity().orTimeout(10, TimeUnit.SECONDS).join();
  }

  private double resumed(String how) {
    var found =
        gateway
            .getBean(PrometheusMeterRegistry.class)
            .find("andante_resumed_streams")
            .tag("how", how)
            .counter();
    return found == null ? 0 : found.count();
  }

  private static Engine engine(ConfigurableApplicationContext decode) {
    return decode.getBean(EngineHost.class).require().engine();
  }

  private static EngineStatus status(ConfigurableApplicationContext decode) {
    return engine(decode).status();
  }

  /** Has each step take 5 ms more, so that an answer is still under way when something happens. */
  private static void slow(ConfigurableApplicationContext decode) {
    engine(decode)
        .generate(
            new GenerationRequest(
                new Attempt("slow", 0),
                PromptTokens.of(1),
                SamplingParams.GREEDY,
                new StopParams(400, 0, true, Set.of()),
                StopMatcher.NONE,
                false),
            new RequestListener() {
              @Override
              public void onTokens(List<GeneratedToken> tokens) {
                try {
                  Thread.sleep(5);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }

              @Override
              public void onFinished(FinishReason reason, GenerationStats stats) {}

              @Override
              public void onFailed(EngineException failure) {}
            });
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 60 s").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** A streamed answer as its reader gets it. */
  private final class Read {
    final StringBuilder text = new StringBuilder();
    int completionTokens;
    private final Iterator<String> lines;

    Read(String sampling) throws IOException, InterruptedException {
      int port = gateway.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
      HttpResponse<java.util.stream.Stream<String>> response =
          http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/completions"))
                  .header("content-type", "application/json")
                  .timeout(Duration.ofSeconds(60))
                  .POST(HttpRequest.BodyPublishers.ofString(REQUEST + sampling + "}"))
                  .build(),
              HttpResponse.BodyHandlers.ofLines());
      assertThat(response.statusCode()).isEqualTo(200);
      lines = response.body().iterator();
    }

    void some(int events) {
      for (int i = 0; i < events && lines.hasNext(); i++) {
        take(lines.next());
      }
    }

    void all() {
      lines.forEachRemaining(this::take);
    }

    private void take(String line) {
      if (!line.startsWith("data: {")) {
        return;
      }
      JsonNode event = JsonMapper.shared().readTree(line.substring(6));
      assertThat(event.get("error")).as(line).isNull();
      text.append(event.at("/choices/0/text").asString(""));
      completionTokens = Math.max(completionTokens, event.at("/usage/completion_tokens").asInt(0));
    }
  }
}
