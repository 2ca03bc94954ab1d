package dev.andante.gateway.api;

import dev.andante.gateway.config.GatewayProperties.Http;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.gateway.metrics.GatewayMetrics;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerResponse;

/** Answers every failed request with an error object; before Spring's own handlers. */
@Order(-10)
public final class ErrorResponder implements WebExceptionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(ErrorResponder.class);

  private final GatewayMetrics metrics;
  private final UnreadBody unread;

  public ErrorResponder(GatewayMetrics metrics, Http properties) {
    this.metrics = metrics;
    this.unread = new UnreadBody(properties);
  }

  @Override
  public Mono<Void> handle(ServerWebExchange exchange, Throwable failure) {
    ServerHttpResponse response = exchange.getResponse();
    if (response.isCommitted()) {
      return Mono.error(failure); // the connection is closed: nothing else can be said any more
    }
    ApiException error = ErrorBody.of(failure);
    log(exchange, error);
    metrics.failed(error.status());
    if (error.status() == ApiException.CLIENT_CLOSED || answered(response)) {
      // Nobody is there to answer, or the HTTP server has done it. Not at once, though: the server
      // would repeat its signal to an exchange that ends on the signal's stack.
      return Mono.<Void>empty().subscribeOn(Schedulers.parallel());
    }
    response.setStatusCode(HttpStatusCode.valueOf(error.status()));
    response.getHeaders().clearContentHeaders();
    response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
    Duration retryAfter = error.retryAfter();
    if (retryAfter != null) {
      response.getHeaders().set("Retry-After", Long.toString(Math.max(1, retryAfter.toSeconds())));
    }
    DropReason dropped = error.dropReason();
    if (dropped != null) {
      response.getHeaders().set("x-llm-d-request-dropped-reason", dropped.header());
    }
    if (error.status() == 408) {
      response.getHeaders().set("Connection", "close");
    }
    byte[] body = Json.bytes(ErrorBody.json(error));
    response.getHeaders().setContentLength(body.length);
    return unread
        .discard(exchange)
        .then(Mono.defer(() -> response.writeWith(Mono.just(response.bufferFactory().wrap(body)))));
  }

  /** The HTTP server itself refuses what it cannot decode, even in the middle of a body. */
  private static boolean answered(ServerHttpResponse response) {
    HttpServerResponse server = ServerHttpResponseDecorator.getNativeResponse(response);
    return server.hasSentHeaders();
  }

  /** The message of a 4xx may speak of the client's input and stays out of the log. */
  static void log(ServerWebExchange exchange, ApiException error) {
    IdentityFilter.of(exchange)
        .logIds()
        .run(
            () -> {
              String path = exchange.getRequest().getPath().value();
              if (error.status() >= 500 && error.status() != 501) {
                LOG.warn(
                    "{} {} {}: {}",
                    path,
                    error.status(),
                    error.code(),
                    error.text(),
                    error.getCause());
              } else {
                LOG.info(
                    "{} {} code={} param={}", path, error.status(), error.code(), error.param());
              }
            });
  }
}
