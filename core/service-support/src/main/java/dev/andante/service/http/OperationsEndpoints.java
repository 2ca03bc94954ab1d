package dev.andante.service.http;

import dev.andante.service.state.ServiceState;
import dev.andante.service.state.ServiceState.Phase;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * {@code /health}: the process is alive (liveness), else 503 with what broke. {@code /ready}: it
 * may be given work (readiness), else 503 with the reason. {@code /metrics}: Prometheus text.
 */
public final class OperationsEndpoints {

  /** Content type of the Prometheus text format. */
  private static final MediaType PROMETHEUS =
      MediaType.parseMediaType("text/plain;version=0.0.4;charset=utf-8");

  private final ServiceState state;
  private final PrometheusMeterRegistry registry;

  public OperationsEndpoints(ServiceState state, PrometheusMeterRegistry registry) {
    this.state = state;
    this.registry = registry;
  }

  public RouterFunction<ServerResponse> routes() {
    return RouterFunctions.route()
        .GET("/health", this::health)
        .GET("/ready", this::ready)
        .GET("/metrics", this::metrics)
        .build();
  }

  private Mono<ServerResponse> health(ServerRequest request) {
    return state
        .deadReason()
        .map(
            reason ->
                ServerResponse.status(HttpStatus.SERVICE_UNAVAILABLE)
                    .bodyValue(Map.of("status", "DOWN", "reason", reason)))
        .orElseGet(() -> ServerResponse.ok().bodyValue(Map.of("status", "UP")));
  }

  private Mono<ServerResponse> ready(ServerRequest request) {
    ServiceState.Snapshot snapshot = state.snapshot();
    HttpStatus status =
        snapshot.phase() == Phase.READY ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE;
    return ServerResponse.status(status)
        .bodyValue(Map.of("status", snapshot.phase().name(), "reason", snapshot.reason()));
  }

  private Mono<ServerResponse> metrics(ServerRequest request) {
    return ServerResponse.ok().contentType(PROMETHEUS).bodyValue(text(registry));
  }

  /**
   * What {@code /metrics} answers. Micrometer adds a gauge {@code …_max} to every histogram; vLLM's
   * have none, so those of its names are left out. The Prometheus client takes {@code _total} off a
   * histogram's name; vLLM has one that ends so, and it gets its name back.
   */
  public static String text(PrometheusMeterRegistry registry) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ExpositionFormats.init()
          .getPrometheusTextFormatWriter()
          .write(
              out,
              registry
                  .getPrometheusRegistry()
                  .scrape(name -> !(name.startsWith("vllm:") && name.endsWith("_max"))));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail
    }
    return out.toString(StandardCharsets.UTF_8)
        .replace("vllm:iteration_tokens", "vllm:iteration_tokens_total");
  }
}
