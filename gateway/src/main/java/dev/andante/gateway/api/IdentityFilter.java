package dev.andante.gateway.api;

import dev.andante.service.grpc.RequestIdentity;
import dev.andante.service.grpc.TraceParent;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Gives every request its id and its trace: the client's, where they are sane, else new ones. Every
 * response says the id.
 */
public final class IdentityFilter implements WebFilter {

  static final String HEADER = "x-request-id";
  private static final String ATTRIBUTE = IdentityFilter.class.getName();
  private static final Pattern SANE = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    exchange.getResponse().getHeaders().set(HEADER, of(exchange).requestId());
    return chain.filter(exchange);
  }

  static RequestIdentity of(ServerWebExchange exchange) {
    return (RequestIdentity)
        exchange
            .getAttributes()
            .computeIfAbsent(ATTRIBUTE, key -> identity(exchange.getRequest().getHeaders()));
  }

  private static RequestIdentity identity(HttpHeaders headers) {
    String id = headers.getFirst(HEADER);
    return new RequestIdentity(
        id != null && SANE.matcher(id).matches() ? id : UUID.randomUUID().toString(),
        trace(headers).orElseGet(TraceParent::begin));
  }

  /** Several say nothing: nobody knows which one counts. */
  private static Optional<TraceParent> trace(HttpHeaders headers) {
    List<String> sent = headers.getOrEmpty(TraceParent.HEADER);
    return sent.size() == 1 ? TraceParent.parse(sent.getFirst()) : Optional.empty();
  }
}
