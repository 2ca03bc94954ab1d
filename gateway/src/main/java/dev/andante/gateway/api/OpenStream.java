package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.util.context.Context;

/**
 * One event stream while it is open: passes chunks on, each as soon as its connection asks for it,
 * and keeps the connection alive where they are long in coming. The sink puts pings, which come
 * from a timer, and chunks in one order.
 */
final class OpenStream extends BaseSubscriber<String> {

  /** Who fails first is told by its status, who fails later by an event. */
  private enum Head {
    AWAITED,
    SENT,
    REFUSED
  }

  private final FluxSink<String> out;
  private final BooleanSupplier underWay;
  private final Consumer<ApiException> onLateError;
  private final AtomicReference<Head> head = new AtomicReference<>(Head.AWAITED);
  private volatile long lastNanos = System.nanoTime();

  /**
   * @param underWay whether the request is past all that may refuse it
   * @param onLateError hears of a failure that became an event
   */
  OpenStream(FluxSink<String> out, BooleanSupplier underWay, Consumer<ApiException> onLateError) {
    this.out = out;
    this.underWay = underWay;
    this.onLateError = onLateError;
  }

  /** Subscribes to the frames; ends with them, or when the sink is cancelled. */
  void open(Flux<String> frames, Duration pingInterval) {
    Disposable pings =
        Flux.interval(pingInterval).subscribe(tick -> ping(pingInterval.toNanos() / 2));
    out.onDispose(
        () -> {
          pings.dispose();
          dispose();
        });
    frames.subscribe(this);
  }

  @Override
  public Context currentContext() {
    return Context.of(out.contextView());
  }

  @Override
  protected void hookOnSubscribe(Subscription subscription) {
    out.onRequest(this::request);
  }

  @Override
  protected void hookOnNext(String frame) {
    lastNanos = System.nanoTime();
    head.set(Head.SENT);
    out.next(frame);
  }

  @Override
  protected void hookOnError(Throwable error) {
    if (head.compareAndSet(Head.AWAITED, Head.REFUSED)) {
      out.error(error);
      return;
    }
    ApiException api = ErrorBody.of(error);
    onLateError.accept(api);
    out.next(EventStream.frame(ErrorBody.json(api)));
    out.complete();
  }

  @Override
  protected void hookOnComplete() {
    out.next(EventStream.DONE);
    out.complete();
  }

  /** The silence that counts begins when a ping is allowed. */
  private void ping(long silenceNanos) {
    if (head.get() == Head.AWAITED && !underWay.getAsBoolean()) {
      lastNanos = System.nanoTime();
    } else if (System.nanoTime() - lastNanos >= silenceNanos
        && out.requestedFromDownstream() > 0 // else it is the reader who is slow
        && (head.compareAndSet(Head.AWAITED, Head.SENT) || head.get() == Head.SENT)) {
      out.next(EventStream.PING);
    }
  }
}
