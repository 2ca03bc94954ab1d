package dev.andante.gateway.api;

import dev.andante.gateway.config.GatewayProperties.Http;
import java.time.Duration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/**
 * What becomes of a body that is not wanted. Many clients send all of it before they read the
 * answer; if the connection were closed meanwhile, they would see a reset and no answer. So before
 * an answer that ends the connection such a body is read and thrown away, but no more than a few
 * times what would have been accepted, and not for longer than a body may take to arrive. Where the
 * connection stays open the HTTP server does the like after the answer.
 */
final class UnreadBody {

  private static final int TIMES_ACCEPTED = 8;
  private static final String TAKEN = UnreadBody.class.getName();

  private final long most;
  private final Duration timeout;

  UnreadBody(Http properties) {
    this.most = mostRead(properties);
    this.timeout = properties.bodyTimeout();
  }

  /** How much of a body is read at most, wanted or not. */
  static long mostRead(Http properties) {
    return TIMES_ACCEPTED * properties.maxBodySize().toBytes();
  }

  /** Notes that somebody reads the body. */
  static void taken(ServerWebExchange exchange) {
    exchange.getAttributes().put(TAKEN, true);
  }

  /** Completes when the answer may be sent. */
  Mono<Void> discard(ServerWebExchange exchange) {
    ServerHttpRequest request = exchange.getRequest();
    if (isTaken(exchange)
        || keepsAlive(request)
        || length(exchange) > most
        || request.getHeaders().getFirst(HttpHeaders.EXPECT) != null) { // it asks before it sends
      return Mono.empty();
    }
    Intake intake = new Intake(0, most);
    return request
        .getBody()
        .doOnNext(intake::add)
        .takeUntil(buffer -> intake.exhausted())
        .then()
        .timeout(timeout)
        .onErrorComplete();
  }

  private static boolean isTaken(ServerWebExchange exchange) {
    return exchange.getAttribute(TAKEN) != null;
  }

  private static boolean keepsAlive(ServerHttpRequest request) {
    HttpServerRequest server = ServerHttpRequestDecorator.getNativeRequest(request);
    return server.isKeepAlive();
  }

  private static long length(ServerWebExchange exchange) {
    return exchange.getRequest().getHeaders().getContentLength();
  }
}
