package dev.andante.gateway.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import reactor.core.publisher.Flux;

/**
 * How long the answers that this gateway has on a decode worker have been there, and how long they
 * stayed lately. Any thread.
 */
public final class AnswerTimes {

  /** How much the latest answer counts in the running mean. */
  private static final double SMOOTHING = 0.1;

  /** Fewer say nothing. */
  static final int LEAST_ENDED = 10;

  /** One answer. */
  private static final class Stay {
    private final long begun;

    Stay(long begun) {
      this.begun = begun;
    }
  }

  private final LongSupplier clock;
  private final List<Stay> present = new ArrayList<>();
  private double meanSeconds;
  private int ended;

  /**
   * @param clock as {@link System#nanoTime}
   */
  AnswerTimes(LongSupplier clock) {
    this.clock = clock;
  }

  /** The same; it counts from its subscription to its end, whatever that is. */
  public <T> Flux<T> over(Flux<T> answer) {
    return Flux.defer(
        () -> {
          Stay stay = begin();
          return answer.doFinally(signal -> end(stay));
        });
  }

  private synchronized Stay begin() {
    Stay stay = new Stay(clock.getAsLong());
    present.add(stay);
    return stay;
  }

  private synchronized void end(Stay stay) {
    if (!present.removeIf(one -> one == stay)) {
      return;
    }
    double seconds = age(stay);
    meanSeconds += (seconds - meanSeconds) * Math.max(SMOOTHING, 1.0 / (ended + 1));
    ended = Math.min(ended + 1, LEAST_ENDED);
  }

  /** Seconds that each of those there has been there; none negative. */
  synchronized List<Double> ages() {
    return present.stream().map(this::age).toList();
  }

  /** How long they stay; empty before enough have ended. */
  synchronized OptionalDouble meanSeconds() {
    return ended < LEAST_ENDED || meanSeconds <= 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(meanSeconds);
  }

  private double age(Stay stay) {
    return Math.max(0, clock.getAsLong() - stay.begun) / 1e9;
  }
}
