package dev.andante.service.http;

import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.Connection;
import reactor.netty.http.server.HttpServer;

/**
 * Has each request handled in a turn of the event loop of its own. A server of Reactor Netty 1.3.6
 * never reads from a connection again when a request that came before its predecessor's answer had
 * ended is answered within the turn that hands it over, as refusals are: the client's next request
 * over that connection would never be heard (reactor-netty issue 4361).
 */
public final class OwnTurns implements NettyServerCustomizer {

  @Override
  public HttpServer apply(HttpServer server) {
    return server.mapHandle(OwnTurns::later);
  }

  private static Mono<Void> later(Mono<Void> handling, Connection connection) {
    return handling.subscribeOn(Schedulers.fromExecutor(connection.channel().eventLoop()));
  }
}
