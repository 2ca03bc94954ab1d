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
    private final Runnable onSilent;
    private volatile long heard = clock.getAsLong();
    private volatile boolean silent;
    private volatile boolean complete;

    Listener(Runnable onSilent) {
      this.onSilent = onSilent;
    }

    void hears() {
      heard = clock.getAsLong();
    }

    boolean leaveUnlessHeardSince(long nanos) {
      if (silent || heard - nanos >= 0) {
        return false;
      }
      silent = true;
      left.tryEmitEmpty();
      return true;
    }

    void completes() {
      complete = true;
    }

    <T> Mono<T> outcome() {
      if (!silent || complete) { // perhaps it was called silent while its last word came
        return Mono.empty();
      }
      onSilent.run();
      return Mono.error(
          () ->
              Status.UNAVAILABLE
                  .withDescription("worker " + target + " is silent")
                  .asRuntimeException());
    }
  }

  private final Set<Listener> listeners = ConcurrentHashMap.newKeySet();
  private final String target;
  private final LongSupplier clock;

  /**
   * @param target of the worker
   * @param clock as {@link System#nanoTime}
   */
  Silence(String target, LongSupplier clock) {
    this.target = target;
    this.clock = clock;
  }

  /** The same; cancelled, and failed as UNAVAILABLE, when the worker has fallen silent. */
  public <T> Flux<T> over(Flux<T> call) {
    return over(call, () -> {});
  }

  /**
   * As {@link #over(Flux)}, for a call that the worker has a part in.
   *
   * @param onSilent called before it fails for that
   */
  public <T> Flux<T> over(Flux<T> call, Runnable onSilent) {
    return Flux.defer(
        () -> {
          Listener listener = new Listener(onSilent);
          listeners.add(listener);
          return call.doOnNext(_ -> listener.hears())
              .doOnComplete(listener::completes)
              .takeUntilOther(listener.left.asMono())
              .concatWith(Mono.defer(listener::outcome))
              .doFinally(_ -> listeners.remove(listener));
        });
  }

  /**
   * The worker has said nothing of itself since then. Calls that brought nothing since then either
   * are left.
   *
   * @return how many that are
   */
  int since(long nanos) {
    int left = 0;
    for (Listener listener : listeners) {
      left += listener.leaveUnlessHeardSince(nanos) ? 1 : 0;
    }
    return left;
  }
}
