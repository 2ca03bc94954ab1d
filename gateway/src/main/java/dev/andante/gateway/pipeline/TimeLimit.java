package dev.andante.gateway.pipeline;

import java.util.function.Supplier;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Ends what takes too long, for those who wait as well as for those who work on it. */
final class TimeLimit {

  private TimeLimit() {}

  /**
   * The source; when {@code end} comes first, the source is cancelled and the failure follows at
   * once. {@code takeUntilOther} with a failing other would leave the source running.
   *
   * @param end completes when the time is over; cancelled when the source ends before
   */
  static <T> Flux<T> over(Flux<T> source, Publisher<?> end, Supplier<? extends Throwable> failure) {
    return source
        .materialize()
        .mergeWith(Mono.ignoreElements(end).then(Mono.error(failure)))
        .dematerialize();
  }
}
