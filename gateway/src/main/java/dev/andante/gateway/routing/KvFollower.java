package dev.andante.gateway.routing;

import dev.andante.gateway.client.MeshClient;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Has workers tell what their prefix caches hold. While one does not, nothing is known of its; it
 * is asked again a while later. Any thread.
 */
final class KvFollower {

  private static final Logger LOG = LoggerFactory.getLogger(KvFollower.class);

  private final boolean on;
  private final MeshClient client;
  private final Duration pause;
  private final Map<Worker, Disposable.Swap> followed = new ConcurrentHashMap<>();

  /**
   * @param pause before a worker is asked again
   */
  KvFollower(boolean on, MeshClient client, Duration pause) {
    this.on = on;
    this.client = client;
    this.pause = pause;
  }

  /** From now on, unless it already is. */
  void follow(Worker worker) {
    if (!on) {
      return;
    }
    Disposable.Swap call = Disposables.swap();
    if (followed.putIfAbsent(worker, call) == null) {
      call.update(changes(worker).subscribe());
    }
  }

  private Flux<Void> changes(Worker worker) {
    return client
        .watchKv(worker.target())
        .doOnNext(changes -> worker.kept().apply(changes))
        .then()
        .onErrorResume(
            error -> {
              LOG.debug("{} does not tell its KV: {}", worker.target(), error.toString());
              return Mono.empty();
            })
        .doFinally(signal -> worker.kept().forget())
        .then(Mono.delay(pause))
        .then()
        .repeat();
  }

  /** Follows no others than these any more. */
  void retain(Collection<Worker> workers) {
    followed
        .keySet()
        .forEach(
            worker -> {
              @Nullable Disposable call = workers.contains(worker) ? null : followed.remove(worker);
              if (call != null) {
                call.dispose();
              }
            });
  }
}
