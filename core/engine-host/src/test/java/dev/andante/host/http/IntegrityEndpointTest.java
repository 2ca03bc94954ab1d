package dev.andante.host.http;

import dev.andante.engine.EngineException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.test.web.reactive.server.WebTestClient;

class IntegrityEndpointTest {

  private Optional<CompletableFuture<Void>> check = Optional.empty();
  private final WebTestClient client =
      WebTestClient.bindToRouterFunction(
              new IntegrityEndpoint(() -> check, Duration.ofMillis(20)).routes())
          .build();

  private void answers(int status, String word, String reason) {
    client
        .get()
        .uri("/integrity")
        .exchange()
        .expectStatus()
        .isEqualTo(status)
        .expectBody()
        .jsonPath("$.status")
        .isEqualTo(word)
        .jsonPath("$.reason")
        .isEqualTo(reason);
  }

  @Test
  void whatIsInOrderIsSaidToBe() {
    check = Optional.of(CompletableFuture.completedFuture(null));
    answers(200, "OK", "");
  }

  @Test
  void whatIsNotIsNamed() {
    check =
        Optional.of(
            CompletableFuture.failedFuture(new IllegalStateException("block 7 is free twice")));
    answers(500, "BROKEN", "block 7 is free twice");
  }

  @Test
  void nothingIsSaidOfWhatIsNotThere() {
    answers(503, "UNKNOWN", "no engine runs");
    check =
        Optional.of(
            CompletableFuture.failedFuture(
                new EngineException(EngineException.Code.SHUTTING_DOWN, "on its way out")));
    answers(503, "UNKNOWN", "on its way out");
  }

  @Test
  void nobodyWaitsForEver() {
    check = Optional.of(new CompletableFuture<>());
    answers(504, "UNKNOWN", "the engine did not look within 20 ms; ask again");
  }
}
