package dev.andante.gateway.api;

import dev.andante.gateway.config.GatewayProperties.Http;
import dev.andante.gateway.error.ApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;
import tools.jackson.databind.node.ObjectNode;

/** A request's body as a JSON object, within limits of size and time. */
final class BodyReader {

  private final long maxBytes;
  private final long mostRead;
  private final Duration timeout;

  BodyReader(Http properties) {
    this.maxBytes = properties.maxBodySize().toBytes();
    this.mostRead = UnreadBody.mostRead(properties);
    this.timeout = properties.bodyTimeout();
  }

  /**
   * Fails with {@link ApiException}: 415, 413, 408, 400, or {@link ApiException#clientClosed} if
   * the client leaves before its body is complete.
   */
  Mono<ObjectNode> read(ServerRequest request) {
    return Mono.defer(
        () -> {
          if (!isJson(request)) {
            return Mono.error(
                ApiException.invalid(
                    415,
                    null,
                    "unsupported_media_type",
                    "Send the body with 'Content-Type: application/json'."));
          }
          if (request.headers().contentLength().orElse(0) > maxBytes) {
            return Mono.error(tooLarge());
          }
          return bytes(request.exchange()).map(Json::parseObject);
        });
  }

  private Mono<byte[]> bytes(ServerWebExchange exchange) {
    UnreadBody.taken(exchange);
    Intake intake = new Intake(maxBytes, mostRead);
    return exchange
        .getRequest()
        .getBody()
        .doOnNext(intake::add)
        .takeUntil(buffer -> intake.exhausted())
        .then(
            Mono.fromCallable(
                () -> {
                  if (intake.tooLong()) {
                    throw tooLarge();
                  }
                  return intake.bytes();
                }))
        .timeout(timeout)
        .onErrorMap(TimeoutException.class, e -> intake.tooLong() ? tooLarge() : tooSlow())
        .onErrorMap(BodyReader::isGone, e -> ApiException.clientClosed());
  }

  private static boolean isGone(Throwable error) {
    return error instanceof AbortedException || error instanceof IOException;
  }

  private static boolean isJson(ServerRequest request) {
    try {
      Optional<MediaType> type = request.headers().contentType();
      return type.isPresent() && type.get().isCompatibleWith(MediaType.APPLICATION_JSON);
    } catch (InvalidMediaTypeException e) {
      return false;
    }
  }

  private ApiException tooLarge() {
    return ApiException.invalid(
        413,
        null,
        "body_too_large",
        "The body is larger than " + maxBytes + " bytes, the limit of this server.");
  }

  private ApiException tooSlow() {
    return ApiException.invalid(
        408, null, "body_timeout", "The body did not arrive within " + timeout.toMillis() + " ms.");
  }
}
