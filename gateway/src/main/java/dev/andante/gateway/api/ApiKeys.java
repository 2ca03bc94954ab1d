package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.server.HandlerFilterFunction;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Lets only bearers of a configured key in; everybody, if none is configured. */
final class ApiKeys implements HandlerFilterFunction<ServerResponse, ServerResponse> {

  private static final String BEARER = "Bearer ";

  private final List<byte[]> keys;

  ApiKeys(List<String> keys) {
    this.keys = keys.stream().map(key -> key.getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public Mono<ServerResponse> filter(ServerRequest request, HandlerFunction<ServerResponse> next) {
    if (keys.isEmpty() || known(request.headers().firstHeader(HttpHeaders.AUTHORIZATION))) {
      return next.handle(request);
    }
    return Mono.error(
        ApiException.unauthorized(
            "Send a valid API key as 'Authorization: Bearer KEY'; this server accepts no others."));
  }

  private boolean known(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return false;
    }
    byte[] given = header.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8);
    boolean found = false;
    for (byte[] key : keys) {
      found |= MessageDigest.isEqual(key, given); // always all: the time tells nothing
    }
    return found;
  }
}
