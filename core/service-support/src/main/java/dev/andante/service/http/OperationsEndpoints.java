package dev.andante.service.http;

import dev.andante.service.state.ServiceState;
import dev.andante.service.state.ServiceState.Phase;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * {@code /health}: the process is alive (liveness). {@code /ready}: it may be given work
 * (readiness), else 503 with the reason. {@code /metrics}: Prometheus text.
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
    return ServerResponse.ok().bodyValue(Map.of("status", "UP"));
  }

  private Mono<ServerResponse> ready(ServerRequest request) {
    ServiceState.Snapshot snapshot = state.snapshot();
    HttpStatus status =
        snapshot.phase() == Phase.READY ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE;
    return ServerResponse.status(status)
        .bodyValue(Map.of("status", snapshot.phase().name(), "reason", snapshot.reason()));
  }

  private Mono<ServerResponse> metrics(ServerRequest request) {
    return ServerResponse.ok().contentType(PROMETHEUS).bodyValue(registry.scrape());
  }
}
