package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.reactive.function.server.HandlerFilterFunction;
import org.springframework.web.reactive.function.server.HandlerFunction;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Lets only bearers of a configured key in; everybody, if none is configured. */
final class ApiKeys implements HandlerFilterFunction<ServerResponse, ServerResponse> {

  private static final String BEARER = "Bearer ";
  private static final String ATTRIBUTE = ApiKeys.class.getName();

  private final List<byte[]> keys;

  ApiKeys(List<String> keys) {
    this.keys = keys.stream().map(key -> key.getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public Mono<ServerResponse> filter(ServerRequest request, HandlerFunction<ServerResponse> next) {
    if (keys.isEmpty()) {
      return next.handle(request);
    }
    int key = find(request.headers().firstHeader(HttpHeaders.AUTHORIZATION));
    if (key >= 0) {
      request.exchange().getAttributes().put(ATTRIBUTE, key);
      return next.handle(request);
    }
    return Mono.error(
        ApiException.unauthorized(
            "Send a valid API key as 'Authorization: Bearer KEY'; this server accepts no others."));
  }

  /** Which of the keys the caller has; empty where none are set. */
  static OptionalInt of(ServerWebExchange exchange) {
    return exchange.getAttribute(ATTRIBUTE) instanceof Integer key
        ? OptionalInt.of(key)
        : OptionalInt.empty();
  }

  private int find(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return -1;
    }
    byte[] given = header.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8);
    int found = -1;
    for (int i = 0; i < keys.size(); i++) { // always all: the time tells nothing
      found = MessageDigest.isEqual(keys.get(i), given) ? i : found;
    }
    return found;
  }
}
