package dev.andante.gateway.pipeline;

import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.metrics.HedgeOutcome;
import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Tried;
import dev.andante.gateway.routing.Wanted;
import dev.andante.gateway.routing.Worker;
import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.service.grpc.Failures;
import java.time.Duration;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Has the prompt of one answer computed by a prefill worker, and by a second one where the first is
 * late. Decode keeps blocks for both until one is done: the second comes as a request of its own,
 * since of one request a later attempt overtakes those before. Who loses is cancelled, which gives
 * its blocks back.
 */
final class Prefills {

  private static final Logger LOG = LoggerFactory.getLogger(Prefills.class);

  /** How often a second one is looked for, each time after twice as long. */
  private static final int SEARCHES = 10;

  /**
   * @param at with the prefill worker that was done first
   * @param attempt whom decode keeps the KV for
   * @param nanos since the first one was asked
   */
  record Computed(Placement at, Attempt attempt, PrefillReply reply, long nanos) {}

  private final AnswerPlan plan;
  private final MeshClient client;
  private final Hedging hedging;
  private final Tried tried;
  private final GatewayMetrics metrics;

  /**
   * @param tried told who failed, or was late, where another one was asked, too
   */
  Prefills(
      AnswerPlan plan, MeshClient client, Hedging hedging, Tried tried, GatewayMetrics metrics) {
    this.plan = plan;
    this.client = client;
    this.hedging = hedging;
    this.tried = tried;
    this.metrics = metrics;
  }

  /**
   * @param place with a prefill worker
   * @param request for it
   * @param hedge the same for a second worker
   * @return who was done first; fails as the first one if none was
   */
  Mono<Computed> compute(
      Placement place, Wanted prompt, PrefillRequest request, Supplier<PrefillRequest> hedge) {
    return Mono.defer(() -> new Race(place, prompt, request, hedge).outcome());
  }

  /** One prompt. */
  private final class Race {

    private final Placement place;
    private final Wanted prompt;
    private final PrefillRequest request;
    private final Supplier<PrefillRequest> hedge;
    private final long begun = System.nanoTime();
    private final AtomicBoolean decided = new AtomicBoolean();
    private final Sinks.Empty<Void> firstFailed = Sinks.empty();
    private volatile @Nullable Throwable failure; // of the first one

    Race(Placement place, Wanted prompt, PrefillRequest request, Supplier<PrefillRequest> hedge) {
      this.place = place;
      this.prompt = prompt;
      this.request = request;
      this.hedge = hedge;
    }

    Mono<Computed> outcome() {
      Mono<Computed> first = call(place, request, () -> {});
      return patience()
          .map(patience -> Mono.firstWithValue(first.doOnError(this::fails), second(patience)))
          .map(either -> either.onErrorMap(NoSuchElementException.class, this::reason))
          .orElse(first);
    }

    /** For one that may wait for room on decode too long is not the worker's doing. */
    private Optional<Duration> patience() {
      return mayWaitForRoom() ? Optional.empty() : hedging.patience(plan.model(), place);
    }

    private boolean mayWaitForRoom() {
      return request.getPatienceMillis() > 0;
    }

    /** A second one that is at it by now may go on as long as the first one had before it. */
    private void fails(Throwable error) {
      failure = error;
      blame(place, error);
      firstFailed.tryEmitEmpty();
    }

    private Throwable reason(Throwable none) {
      Throwable first = failure;
      return first != null ? first : none;
    }

    /** Looks for one again and again, while the first one is late. Never fails. */
    private Mono<Computed> second(Duration patience) {
      return Flux.range(0, SEARCHES)
          .concatMap(
              n ->
                  Mono.delay(patience.multipliedBy(1L << n))
                      .flatMap(_ -> Mono.justOrEmpty(search())))
          .next()
          .takeUntilOther(firstFailed.asMono())
          .flatMap(other -> hedged(other, Duration.ofNanos(System.nanoTime() - begun)));
    }

    private Optional<Placement> search() {
      return hedging.second(plan.model(), prompt, place, tried, (System.nanoTime() - begun) / 1e9);
    }

    /**
     * @param patience how long it may still take when the first one has failed
     */
    private Mono<Computed> hedged(Placement other, Duration patience) {
      logged(
          () ->
              LOG.info(
                  "{} is late with a prompt: {} is asked, too",
                  prefillOf(place).instance(),
                  prefillOf(other).instance()));
      return call(other, hedge.get(), () -> metrics.hedged(HedgeOutcome.LOST))
          .doOnNext(
              _ -> {
                metrics.hedged(HedgeOutcome.WON);
                tried.refused(prefillOf(place));
              })
          .onErrorResume(error -> failed(other, error))
          .takeUntilOther(
              firstFailed.asMono().then(Mono.delay(patience)).flatMap(_ -> givenUp(other)));
    }

    /** It is as late as the first one was, which has failed. */
    private Mono<Placement> givenUp(Placement other) {
      if (!decided.compareAndSet(false, true)) {
        return Mono.never();
      }
      metrics.hedged(HedgeOutcome.FAILED);
      tried.refused(prefillOf(other));
      return Mono.just(other);
    }

    private Mono<Computed> failed(Placement other, Throwable error) {
      metrics.hedged(HedgeOutcome.FAILED);
      blame(other, error);
      logged(() -> LOG.info("{}: {}", prefillOf(other).instance(), Failures.describe(error)));
      return Mono.empty();
    }

    private void blame(Placement at, Throwable error) {
      if (!MeshFailures.full(error)) { // which is decode
        tried.refused(prefillOf(at));
      }
    }

    /**
     * Empty if the other one was done sooner.
     *
     * @param lost called then
     */
    private Mono<Computed> call(Placement at, PrefillRequest asked, Runnable lost) {
      return Mono.defer(
          () -> {
            Worker by = prefillOf(at);
            long started = System.nanoTime();
            AtomicBoolean replied = new AtomicBoolean();
            return by.over(
                    asked.getTokensCount(),
                    client.prefill(by.target(), asked, plan.deadline(), plan.identity()).flux(),
                    MeshFailures::brokenOff) // what it answers may be of decode
                .singleOrEmpty()
                .map(reply -> computed(at, asked, reply))
                .doOnNext(
                    _ -> {
                      replied.set(true);
                      took(at, System.nanoTime() - started);
                    })
                .filter(computed -> wins(computed, lost))
                .doOnCancel(
                    () -> {
                      if (!replied.get() && isBeaten()) {
                        took(at, System.nanoTime() - started);
                        lost.run();
                      }
                    });
          });
    }

    private Computed computed(Placement at, PrefillRequest asked, PrefillReply reply) {
      return new Computed(at, asked.getAttempt(), reply, System.nanoTime() - begun);
    }

    /** Whether a call that comes to nothing does since the other one was sooner. */
    private boolean isBeaten() {
      return decided.get() && failure == null;
    }

    private void took(Placement at, long nanos) {
      if (!mayWaitForRoom()) {
        hedging.took(plan.model(), at, nanos / 1e9);
      }
    }

    /** If both were done, decode need not keep the KV of the later one. */
    private boolean wins(Computed computed, Runnable lost) {
      if (decided.compareAndSet(false, true)) {
        return true;
      }
      if (isBeaten()) {
        lost.run();
      }
      String handle = computed.reply().getKvHandle();
      if (!handle.isEmpty()) {
        client.release(place.decode().target(), handle, plan.identity());
      }
      return false;
    }
  }

  private void logged(Runnable log) {
    plan.identity().logIds().run(log);
  }

  private static Worker prefillOf(Placement place) {
    return place.prefill().orElseThrow();
  }
}
