package dev.andante.service.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.state.ServiceState;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpStatus;
import org.springframework.test.web.reactive.server.WebTestClient;

class OperationsEndpointsTest {

  private final AtomicReference<Optional<String>> reason =
      new AtomicReference<>(Optional.of("loading model 'm'"));
  private final AtomicReference<Optional<String>> broken = new AtomicReference<>(Optional.empty());
  private final ServiceState state = new ServiceState(List.of(reason::get), List.of(broken::get));
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final WebTestClient client =
      WebTestClient.bindToRouterFunction(new OperationsEndpoints(state, registry).routes()).build();

  @Test
  void healthIsUpWhileReadyIsNot() {
    client.get().uri("/health").exchange().expectStatus().isOk();
    client
        .get()
        .uri("/ready")
        .exchange()
        .expectStatus()
        .isEqualTo(HttpStatus.SERVICE_UNAVAILABLE)
        .expectBody()
        .jsonPath("$.status")
        .isEqualTo("STARTING")
        .jsonPath("$.reason")
        .isEqualTo("loading model 'm'");
    reason.set(Optional.empty());
    client.get().uri("/ready").exchange().expectStatus().isOk();
    state.drain();
    client.get().uri("/ready").exchange().expectStatus().isEqualTo(HttpStatus.SERVICE_UNAVAILABLE);
  }

  @Test
  void whatIsDeadIsNotHealthyAndSaysWhy() {
    reason.set(Optional.empty());
    broken.set(Optional.of("the engine failed"));
    for (String path : new String[] {"/health", "/ready"}) {
      client
          .get()
          .uri(path)
          .exchange()
          .expectStatus()
          .isEqualTo(HttpStatus.SERVICE_UNAVAILABLE)
          .expectBody()
          .jsonPath("$.reason")
          .isEqualTo("the engine failed");
    }
  }

  @Test
  void metricsAreText() {
    registry.counter("some.thing").increment();
    client
        .get()
        .uri("/metrics")
        .exchange()
        .expectStatus()
        .isOk()
        .expectBody(String.class)
        .value(text -> assertThat(text).contains("some_thing_total 1.0"));
  }

  @Test
  void histogramsOfVllmHaveNoMaximum() {
    DistributionSummary.builder("vllm:some_seconds").register(registry).record(1);
    DistributionSummary.builder("andante_some_seconds").register(registry).record(1);
    assertThat(OperationsEndpoints.text(registry))
        .contains("vllm:some_seconds_count")
        .doesNotContain("vllm:some_seconds_max")
        .contains("andante_some_seconds_max");
  }
}
