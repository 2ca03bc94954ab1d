package dev.andante.gateway.routing;

import dev.andante.gateway.config.GatewayProperties.CircuitBreaking;
import dev.andante.service.grpc.Failures;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import io.grpc.Status;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;

/**
 * What calls to a worker came to, and whether it should get more.
 *
 * <ul>
 *   <li>A circuit breaker takes it out of service when too many of its last calls failed through
 *       its own fault, for a time that grows and is not the same for any two gateways. Then few
 *       calls at a time find out whether it is back, so that it is not buried when it is.
 *   <li>A bulkhead bounds the calls that are open there, so that one that hangs cannot hold all
 *       that this gateway may have open.
 * </ul>
 *
 * It refuses no call because of failures: where nobody else is there, the worst is still the best,
 * and {@link Placer} decides. Any thread.
 */
public final class CallGuard {

  private static final Logger LOG = LoggerFactory.getLogger(CallGuard.class);

  private final String target;
  private final CircuitBreaker breaker;
  private final Bulkhead bulkhead;

  /**
   * @param target of the worker
   * @param clock as {@link System#nanoTime}: whatever the time of day does
   */
  CallGuard(String target, CircuitBreaking limits, LongSupplier clock) {
    InstantSource sinceStart = () -> Instant.EPOCH.plusNanos(clock.getAsLong());
    this.target = target;
    this.breaker = CircuitBreaker.of(target, config(limits, sinceStart.withZone(ZoneOffset.UTC)));
    this.bulkhead =
        Bulkhead.of(
            target,
            BulkheadConfig.custom()
                .maxConcurrentCalls(limits.maxCalls())
                .maxWaitDuration(Duration.ZERO)
                .build());
    breaker
        .getEventPublisher()
        .onStateTransition(
            event ->
                LOG.info(
                    "worker {}: circuit breaker {}, {} of its last calls failed",
                    target,
                    event.getStateTransition().getToState(),
                    breaker.getMetrics().getNumberOfFailedCalls()));
  }

  private static CircuitBreakerConfig config(CircuitBreaking limits, Clock clock) {
    return CircuitBreakerConfig.custom()
        .clock(clock)
        .failureRateThreshold(limits.failureRate())
        .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
        .slidingWindowSize(limits.window())
        .minimumNumberOfCalls(limits.minimumCalls())
        .permittedNumberOfCallsInHalfOpenState(limits.trialCalls())
        .waitIntervalFunctionInOpenState(
            IntervalFunction.ofExponentialRandomBackoff(
                limits.openFor(), 2, 0.5, limits.longestOpenFor()))
        .build();
  }

  /** Whether it may get a call: it works, as far as is known, or it is time for a trial. */
  boolean inService() {
    if (!breaker.tryAcquirePermission()) {
      return false;
    }
    breaker.releasePermission();
    return true;
  }

  /** Whether it gets no calls now but where most of its kind fail; asking begins no trial. */
  boolean isOpen() {
    return breaker.getState() == CircuitBreaker.State.OPEN;
  }

  /** Whether there is room for one more call. */
  boolean hasRoom() {
    return bulkhead.getMetrics().getAvailableConcurrentCalls() > 0;
  }

  /**
   * Counts a call. It has worked as soon as it brings something; being cancelled says nothing.
   * Without room it fails at once as one that the worker is too full for.
   *
   * @param blames whether a failure is the worker's own
   */
  public <T> Flux<T> over(Flux<T> call, Predicate<Throwable> blames) {
    return Flux.defer(
        () -> {
          if (!bulkhead.tryAcquirePermission()) {
            return Flux.error(
                Failures.of(
                    Status.Code.RESOURCE_EXHAUSTED,
                    "saturated",
                    "the gateway has as many calls open to " + target + " as it may",
                    true));
          }
          Counted counted = new Counted();
          return call.doOnNext(_ -> counted.works())
              .doOnComplete(counted::works)
              .doOnError(
                  error -> {
                    if (blames.test(error)) {
                      counted.fails(error);
                    }
                  })
              .doFinally(
                  _ -> {
                    bulkhead.releasePermission();
                    counted.over();
                  });
        });
  }

  /** One call. How long it took is no matter: prompts take what they take. */
  private final class Counted {

    /** Whether it holds one of the breaker's permissions, which what it came to gives back. */
    private final AtomicBoolean permitted = new AtomicBoolean(breaker.tryAcquirePermission());

    private final AtomicBoolean works = new AtomicBoolean();

    void works() {
      if (!works.getAndSet(true)) {
        permitted.set(false);
        breaker.onSuccess(0, TimeUnit.NANOSECONDS);
      }
    }

    void fails(Throwable error) {
      permitted.set(false);
      breaker.onError(0, TimeUnit.NANOSECONDS, error);
    }

    void over() {
      if (permitted.getAndSet(false)) {
        breaker.releasePermission();
      }
    }
  }
}
