package dev.andante.gateway;

import dev.andante.gateway.config.GatewayProperties.Http;
import io.netty.handler.timeout.WriteTimeoutHandler;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import reactor.netty.http.server.HttpServer;

/** Time limits of connections: no client may hold one by doing nothing. */
final class HttpServerLimits implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {

  private final Http properties;

  HttpServerLimits(Http properties) {
    this.properties = properties;
  }

  @Override
  public void customize(NettyReactiveWebServerFactory factory) {
    factory.addServerCustomizers(this::limit);
  }

  private HttpServer limit(HttpServer server) {
    return server
        .idleTimeout(properties.headerTimeout())
        // Behind the body's own limit, which answers with an error object: this one also ends
        // bodies that
        // nobody reads.
        .requestTimeout(properties.bodyTimeout().multipliedBy(2))
        .doOnConnection(
            connection ->
                connection.addHandlerLast(
                    new WriteTimeoutHandler(
                        properties.writeTimeout().toMillis(), TimeUnit.MILLISECONDS)));
  }
}
