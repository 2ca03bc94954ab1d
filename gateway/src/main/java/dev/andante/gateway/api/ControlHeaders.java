package dev.andante.gateway.api;

import dev.andante.gateway.config.ControlPolicy;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * The headers of a request that change how it is served.
 *
 * @param heard whether the caller may say so; from others nothing is read
 */
record ControlHeaders(HttpHeaders headers, boolean heard) {

  private static final Pattern SANE = Pattern.compile("[\\x21-\\x7e]{1,128}");

  static ControlHeaders of(ServerWebExchange exchange, ControlPolicy control) {
    boolean heard =
        switch (control) {
          case AUTHENTICATED -> ApiKeys.of(exchange).isPresent();
          case ALL -> true;
          case OFF -> false;
        };
    return new ControlHeaders(exchange.getRequest().getHeaders(), heard);
  }

  /**
   * What makes no sense is ignored, as is one that is sent twice.
   *
   * @param names of one meaning; the first that is there counts
   */
  Optional<String> value(List<String> names) {
    for (String name : names) {
      var sent = headers.getOrEmpty(name);
      if (heard && sent.size() == 1 && SANE.matcher(sent.getFirst()).matches()) {
        return Optional.of(sent.getFirst());
      }
    }
    return Optional.empty();
  }
}
