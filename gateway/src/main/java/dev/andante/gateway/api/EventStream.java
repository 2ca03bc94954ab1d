package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import tools.jackson.databind.node.ObjectNode;

/**
 * Server-sent events. Nothing is sent before the first event, so that a failure until then still
 * gets its HTTP status; a later one is an event, after which the stream ends without {@code
 * [DONE]}. A comment line, which a waiting stream gets, ends that time too, so none comes while the
 * request may still be refused.
 */
final class EventStream {

  private static final String PING = ": ping\n\n";
  private static final String DONE = "data: [DONE]\n\n";

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
    return Flux.defer(
        () -> {
          AtomicBoolean begun = new AtomicBoolean();
          return withPings(
                  chunks.map(EventStream::frame).concatWithValues(DONE),
                  () -> begun.get() || underWay.getAsBoolean())
              .doOnNext(frame -> begun.set(true))
              .onErrorResume(
                  error -> {
                    if (!begun.get()) {
                      return Flux.error(error);
                    }
                    ApiException api = ErrorBody.of(error);
                    onLateError.accept(api);
                    return Flux.just(frame(ErrorBody.json(api)));
                  });
        });
  }

  /** Each frame is flushed on its own. */
  static Mono<Void> write(ServerHttpResponse response, Flux<String> frames) {
    return response.writeAndFlushWith(frames.map(frame -> Mono.just(buffer(response, frame))));
  }

  private static DataBuffer buffer(ServerHttpResponse response, String frame) {
    return response.bufferFactory().wrap(frame.getBytes(StandardCharsets.UTF_8));
  }

  private static String frame(ObjectNode chunk) {
    return "data: " + Json.string(chunk) + "\n\n";
  }

  /** A failure stays behind the frames before it: merging signals, as merging drops on errors. */
  private Flux<String> withPings(Flux<String> frames, BooleanSupplier allowed) {
    AtomicLong last = new AtomicLong(System.nanoTime());
    return frames
        .doOnNext(frame -> last.set(System.nanoTime()))
        .materialize()
        .publish(
            shared ->
                Flux.merge(
                    shared,
                    Flux.interval(pingInterval)
                        .onBackpressureDrop()
                        .filter(tick -> due(last, allowed))
                        .map(tick -> Signal.next(PING))
                        .takeUntilOther(shared.ignoreElements())))
        .dematerialize();
  }

  /** The silence that counts begins when a ping is allowed. */
  private boolean due(AtomicLong last, BooleanSupplier allowed) {
    if (!allowed.getAsBoolean()) {
      last.set(System.nanoTime());
      return false;
    }
    return System.nanoTime() - last.get() >= pingInterval.toNanos() / 2;
  }
}
