package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.decode.DecodeApplication;
import dev.andante.prefill.PrefillApplication;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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

  private final Services services = new Services();
  private final HttpClient http = HttpClient.newHttpClient();
  private List<ConfigurableApplicationContext> decodes;
  private ConfigurableApplicationContext gateway;

  @BeforeEach
  void start() throws InterruptedException {
    ConfigurableApplicationContext prefill = services.worker(PrefillApplication.class, "prefill");
    decodes =
        List.of(
            services.worker(DecodeApplication.class, "decode"),
            services.worker(DecodeApplication.class, "decode"));
    gateway = services.gateway(List.of(prefill), decodes);
  }

  @AfterEach
  void stop() {
    http.shutdownNow();
    services.close();
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
        decodes.stream()
            .filter(decode -> Services.status(decode).running() == 2)
            .findFirst()
            .orElseThrow();
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(busy::close);
    read.all();
    assertThat(read.text.toString()).isEqualTo(alone.text.toString());
    assertThat(read.completionTokens).as("each token counts once").isEqualTo(TOKENS);
    stopped.orTimeout(60, TimeUnit.SECONDS).join();
    assertThat(resumed("handed_over")).isEqualTo(1);
    assertThat(resumed("recomputed")).isZero();
    Services.untilIdle(decodes.get(1 - decodes.indexOf(busy)));
  }

  private double resumed(String how) {
    return Services.counted(gateway, "andante_resumed_streams", "how", how);
  }

  /** Has each step take 5 ms more, so that an answer is still under way when something happens. */
  private static void slow(ConfigurableApplicationContext decode) {
    Services.atEachStep(
        decode,
        400,
        () -> {
          try {
            Thread.sleep(5);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** A streamed answer as its reader gets it. */
  private final class Read {
    final StringBuilder text = new StringBuilder();
    int completionTokens;
    private final Iterator<String> lines;

    Read(String sampling) throws IOException, InterruptedException {
      HttpResponse<java.util.stream.Stream<String>> response =
          http.send(
              HttpRequest.newBuilder(Services.completions(gateway))
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
