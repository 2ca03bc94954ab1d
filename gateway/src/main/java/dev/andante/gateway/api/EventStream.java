package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/**
 * Server-sent events. Nothing is sent before the first event, so that a failure until then still
 * gets its HTTP status; a later one is an event, after which the stream ends without {@code
 * [DONE]}. A comment line, which a waiting stream gets, ends that time too, so none comes while the
 * request may still be refused.
 */
final class EventStream {

  static final String PING = ": ping\n\n";
  static final String DONE = "data: [DONE]\n\n";

  private final Duration pingInterval;

  EventStream(Duration pingInterval) {
    this.pingInterval = pingInterval;
  }

  /**
   * @param underWay whether the request is past all that may refuse it
   * @param onLateError hears of a failure that became an event
   */
  Flux<String> frames(
      Flux<ObjectNode> chunks, BooleanSupplier underWay, Consumer<ApiException> onLateError) {
    return Flux.create(
        out ->
            new OpenStream(out, underWay, onLateError)
                .open(chunks.map(EventStream::frame), pingInterval));
  }

  /**
   * The server flushes whenever it has written all that there is. The frames end with the write:
   * Spring lets go of them without a word where the connection is gone before the first one is
   * written.
   */
  static Mono<Void> write(ServerHttpResponse response, Flux<String> frames) {
    return Mono.defer(
        () -> {
          Disposable.Swap source = Disposables.swap();
          return response
              .writeWith(
                  frames
                      .doOnSubscribe(subscription -> source.update(subscription::cancel))
                      .map(frame -> buffer(response, frame)))
              .doFinally(end -> source.dispose());
        });
  }

  private static DataBuffer buffer(ServerHttpResponse response, String frame) {
    return response.bufferFactory().wrap(frame.getBytes(StandardCharsets.UTF_8));
  }

  static String frame(ObjectNode chunk) {
    return "data: " + Json.string(chunk) + "\n\n";
  }
}
