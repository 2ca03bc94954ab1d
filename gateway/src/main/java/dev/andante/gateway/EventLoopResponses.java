package dev.andante.gateway;

import io.netty.channel.EventLoop;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerResponse;

/**
 * Has every response written by its connection's event loop. Written elsewhere, it may reach the
 * client, and the client's next request this server, before the exchange has ended here; then
 * Reactor Netty (1.3.6; its issue 4361) now and then stops reading that connection, and the request
 * after the next one is never seen.
 */
final class EventLoopResponses implements HttpHandlerDecoratorFactory {

  @Override
  public HttpHandler apply(HttpHandler handler) {
    return (request, response) -> handler.handle(request, new OnLoop(response));
  }

  private static final class OnLoop extends ServerHttpResponseDecorator {

    private final EventLoop loop;

    OnLoop(ServerHttpResponse response) {
      super(response);
      AtomicReference<EventLoop> found = new AtomicReference<>();
      HttpServerResponse server = getNativeResponse(response);
      server.withConnection(connection -> found.set(connection.channel().eventLoop()));
      this.loop = found.get();
    }

    @Override
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
      return onLoop(() -> getDelegate().writeWith(body));
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
      return onLoop(() -> getDelegate().writeAndFlushWith(body));
    }

    @Override
    public Mono<Void> setComplete() {
      return onLoop(() -> getDelegate().setComplete());
    }

    private Mono<Void> onLoop(Supplier<Mono<Void>> write) {
      return Mono.defer(
          () ->
              loop.inEventLoop()
                  ? write.get()
                  : Mono.defer(write).subscribeOn(Schedulers.fromExecutor(loop)));
    }
  }
}
