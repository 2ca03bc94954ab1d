package dev.andante.host.http;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.springframework.http.HttpStatus;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * {@code /integrity}: whether what requests and transfers hold is what the block pool handed out.
 * 200 if so; 500 with the first inconsistency; 503 while there is no engine; 504 if the engine was
 * too busy to look. It looks between two steps and takes time that grows with the pool: not for a
 * probe.
 */
public final class IntegrityEndpoint {

  private final Supplier<Optional<CompletableFuture<Void>>> check;
  private final Duration patience;

  /**
   * @param check starts a check; empty while there is nothing to check
   * @param patience how long to wait for it
   */
  public IntegrityEndpoint(Supplier<Optional<CompletableFuture<Void>>> check, Duration patience) {
    this.check = check;
    this.patience = patience;
  }

  public RouterFunction<ServerResponse> routes() {
    return RouterFunctions.route().GET("/integrity", this::integrity).build();
  }

  private Mono<ServerResponse> integrity(ServerRequest request) {
    return check
        .get()
        .map(
            started ->
                Mono.fromFuture(started)
                    .timeout(patience)
                    .then(Mono.defer(() -> answer(HttpStatus.OK, "OK", "")))
                    .onErrorResume(this::failed))
        .orElseGet(() -> answer(HttpStatus.SERVICE_UNAVAILABLE, "UNKNOWN", "no engine runs"));
  }

  private Mono<ServerResponse> failed(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return switch (cause) {
      case IllegalStateException broken ->
          answer(HttpStatus.INTERNAL_SERVER_ERROR, "BROKEN", String.valueOf(broken.getMessage()));
      case TimeoutException _ ->
          answer(
              HttpStatus.GATEWAY_TIMEOUT,
              "UNKNOWN",
              "the engine did not look within " + patience.toMillis() + " ms; ask again");
      default ->
          answer(HttpStatus.SERVICE_UNAVAILABLE, "UNKNOWN", String.valueOf(cause.getMessage()));
    };
  }

  private static Mono<ServerResponse> answer(HttpStatus status, String word, String reason) {
    return ServerResponse.status(status).bodyValue(Map.of("status", word, "reason", reason));
  }
}
