package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.decode.DecodeApplication;
import dev.andante.prefill.PrefillApplication;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A prefill engine that stands still: another one computes the prompt, for the same decode. */
@Tag("slow")
class PrefillHedgingTest {

  private final Services services = new Services();
  private final HttpClient http = HttpClient.newHttpClient();
  private final CountDownLatch gate = new CountDownLatch(1);
  private List<ConfigurableApplicationContext> prefills;
  private ConfigurableApplicationContext decode;
  private ConfigurableApplicationContext gateway;

  @BeforeEach
  void start() throws InterruptedException {
    prefills =
        List.of(
            services.worker(PrefillApplication.class, "prefill"),
            services.worker(PrefillApplication.class, "prefill"));
    decode = services.worker(DecodeApplication.class, "decode");
    gateway =
        services.gateway(
            prefills,
            List.of(decode),
            "--andante.gateway.discovery.silent-after=60s",
            "--andante.gateway.discovery.stale-after=60s",
            "--andante.gateway.hedging.share=1");
  }

  @AfterEach
  void stop() {
    gate.countDown();
    http.shutdownNow();
    services.close();
  }

  @Test
  void anotherOneComputesThePrompt() throws Exception {
    learnWhatPromptsTake();
    List<Long> before = steps();
    ask("a question").join();
    standsStill(prefills.get(before.get(0).equals(steps().get(0)) ? 1 : 0));
    double wonBefore = won();
    int round = 0;
    List<JsonNode> texts = askFour("question", round);
    while (won() == wonBefore) { // some of four go to who stands still, or soon do
      assertThat(++round).as("rounds of questions").isLessThan(50);
      texts = askFour("question", round);
    }
    Services.untilIdle(decode); // though who stands still cannot have noticed
    gate.countDown();
    assertThat(askFour("question", round)).as("whoever computes them").isEqualTo(texts);
    for (ConfigurableApplicationContext prefill : prefills) {
      Services.untilIdle(prefill);
    }
    Services.untilIdle(decode);
  }

  private List<Long> steps() {
    return prefills.stream().map(prefill -> Services.status(prefill).stepsObserved()).toList();
  }

  private double won() {
    return Services.counted(gateway, "andante_hedged_prefills", "outcome", "won");
  }

  /** Its engine's thread waits; its gRPC server tells its status as before. */
  private void standsStill(ConfigurableApplicationContext prefill) throws InterruptedException {
    CountDownLatch standing = new CountDownLatch(1);
    Services.atEachStep(
        prefill,
        1,
        () -> {
          standing.countDown();
          try {
            var _ = gate.await(60, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    assertThat(standing.await(60, TimeUnit.SECONDS)).isTrue();
  }

  /** Four at a time, so that either gets some. */
  private void learnWhatPromptsTake() {
    int round = 0;
    while (steps().stream().anyMatch(steps -> steps < 120)) {
      assertThat(round).as("rounds of prompts").isLessThan(300);
      askFour("prompt", round);
      round++;
    }
  }

  private List<JsonNode> askFour(String kind, int round) {
    List<CompletableFuture<JsonNode>> four =
        IntStream.range(0, 4).mapToObj(i -> ask(kind + " " + i + " of round " + round)).toList();
    return four.stream().map(CompletableFuture::join).toList();
  }

  private CompletableFuture<JsonNode> ask(String prompt) {
    return http.sendAsync(
            HttpRequest.newBuilder(Services.completions(gateway))
                .header("content-type", "application/json")
                .timeout(Duration.ofSeconds(60))
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"prompt\":\""
                            + prompt
                            + "\",\"max_tokens\":8,\"temperature\":0,\"ignore_eos\":true}"))
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .thenApply(
            response -> {
              assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
              return JsonMapper.shared().readTree(response.body()).at("/choices/0/text");
            });
  }
}
