package dev.andante.gateway.routing;

import io.grpc.Status;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Calls to a worker, to be left if it hangs with its connection open. A broken connection ends
 * calls by itself; this is for a process that is stopped, or stands still, which gRPC's own probes
 * find after 10 to 15 s. Any thread.
 */
public final class Silence {

  /** One call. */
  private final class Listener {

    private final Sinks.Empty<Void> left = Sinks.empty();
    private volatile long heard = clock.getAsLong();
    private volatile boolean silent;

    void hears() {
      heard = clock.getAsLong();
    }

    void leaveUnlessHeardSince(long nanos) {
      if (heard - nanos < 0) {
        silent = true;
        left.tryEmitEmpty();
      }
    }

    <T> Mono<T> outcome() {
      return silent
          ? Mono.error(
              () ->
                  Status.UNAVAILABLE
                      .withDescription("the worker is silent and does not answer for itself")
                      .asRuntimeException())
          : Mono.empty();
    }
  }

  private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
  private final LongSupplier clock;

  /**
   * @param clock as {@link System#nanoTime}
   */
  Silence(LongSupplier clock) {
    this.clock = clock;
  }

  /** The same; cancelled, and failed as UNAVAILABLE, when the worker has fallen silent. */
  public <T> Flux<T> over(Flux<T> call) {
    return Flux.defer(
        () -> {
          Listener listener = new Listener();
          listeners.add(listener);
          return call.doOnNext(_ -> listener.hears())
              .takeUntilOther(listener.left.asMono())
              .concatWith(Mono.defer(listener::outcome))
              .doFinally(_ -> listeners.remove(listener));
        });
  }

  /**
   * The worker has said nothing of itself since then. Calls that brought nothing since then either
   * are left.
   */
  void since(long nanos) {
    listeners.forEach(listener -> listener.leaveUnlessHeardSince(nanos));
  }
}
