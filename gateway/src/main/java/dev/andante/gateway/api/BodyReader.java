package dev.andante.gateway.api;

import dev.andante.gateway.config.GatewayProperties.Http;
import dev.andante.gateway.error.ApiException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/** A request's body as a JSON object, within limits of size and time. */
final class BodyReader {

  private final int maxBytes;
  private final Duration timeout;

  BodyReader(Http properties) {
    this.maxBytes = Math.toIntExact(properties.maxBodySize().toBytes());
    this.timeout = properties.bodyTimeout();
  }

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
          return DataBufferUtils.join(request.exchange().getRequest().getBody(), maxBytes)
              .timeout(timeout)
              .onErrorMap(TimeoutException.class, e -> tooSlow())
              .onErrorMap(DataBufferLimitException.class, e -> tooLarge())
              .map(BodyReader::bytes)
              .defaultIfEmpty(new byte[0])
              .map(Json::parseObject);
        });
  }

  private static boolean isJson(ServerRequest request) {
    try {
      Optional<MediaType> type = request.headers().contentType();
      return type.isPresent() && type.get().isCompatibleWith(MediaType.APPLICATION_JSON);
    } catch (InvalidMediaTypeException e) {
      return false;
    }
  }

  private static byte[] bytes(DataBuffer buffer) {
    byte[] bytes = new byte[buffer.readableByteCount()];
    buffer.read(bytes);
    DataBufferUtils.release(buffer);
    return bytes;
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
