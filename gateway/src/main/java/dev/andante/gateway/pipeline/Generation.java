package dev.andante.gateway.pipeline;

import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Placer;
import dev.andante.gateway.routing.Wanted;
import dev.andante.gateway.routing.Worker;
import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Generates one answer, on as many workers in turn as it takes. What was generated is kept, so that
 * another worker goes on where the last one was lost; sampling is keyed by seed and position, so it
 * goes on with the same tokens. For one subscription.
 */
final class Generation {

  private static final Logger LOG = LoggerFactory.getLogger(Generation.class);

  private final AnswerPlan plan;
  private final Placer placer;
  private final MeshClient client;
  private final Retries retries;
  private final HandOvers handOvers;
  private final MeshRequests requests;
  private final Prefills prefills;
  private final Siblings siblings;
  private final Supplier<Duration> retryAfter;
  private final GatewayMetrics metrics;
  private final Progress progress;
  private final AnswerSoFar soFar;

  private @Nullable Placement placement;
  private boolean decoding;
  private int epoch; // the highest there is
  private @Nullable KvMoved moved;

  Generation(
      AnswerPlan plan,
      Siblings siblings,
      Placer placer,
      MeshClient client,
      Retries retries,
      Hedging hedging,
      Supplier<Duration> retryAfter,
      GatewayMetrics metrics,
      Progress progress) {
    this.plan = plan;
    this.siblings = siblings;
    this.placer = placer;
    this.client = client;
    this.retries = retries;
    this.handOvers = new HandOvers(plan, placer, client, retries.tried());
    this.requests = new MeshRequests(plan);
    this.prefills = new Prefills(plan, client, hedging, retries.tried(), metrics);
    this.retryAfter = retryAfter;
    this.metrics = metrics;
    this.progress = progress;
    this.soFar = new AnswerSoFar(plan, metrics, progress);
  }

  /**
   * Ends with {@link GenerationEvent.Finished} or an {@link ApiException}. Runs ahead of a slow
   * subscriber, by at most max_tokens.
   */
  Flux<GenerationEvent> events() {
    return (plan.first() ? attempt().doFinally(_ -> siblings.ended()) : fork())
        .takeUntil(GenerationEvent.Finished.class::isInstance)
        .onErrorMap(error -> MeshFailures.toApi(error, retryAfter.get()))
        .onBackpressureBuffer();
  }

  private Flux<GenerationEvent> attempt() {
    return Flux.defer(
            () -> {
              decoding = false;
              placement = null;
              if (soFar.generated().size() >= plan.stop().getMaxTokens()) { // only its end was lost
                return Flux.just(new GenerationEvent.Finished(FinishReason.FINISH_REASON_LENGTH));
              }
              Wanted wanted = Wanted.of(plan.model(), plan.prompt(), soFar.generated());
              Placement place =
                  placer.place(plan.model(), wanted, retries.tried(), retries.withoutPrefill());
              retries.pay(place);
              placement = place;
              soFar.placed(place);
              return place.prefill().isPresent()
                  ? disaggregated(place, wanted)
                  : local(place.decode());
            })
        .onErrorResume(this::again);
  }

  /** Begins with the prompt of the first answer, if that is still there to be had. */
  private Flux<GenerationEvent> fork() {
    return siblings
        .trunk()
        .flatMapMany(
            trunk -> {
              placement = new Placement(trunk.worker(), Optional.empty(), Optional.empty());
              return decode(trunk.worker(), requests.forked(epoch, trunk.attempt()));
            })
        .onErrorResume(
            error -> {
              if (soFar.begun() || !MeshFailures.retryable(error)) {
                return again(error);
              }
              epoch++; // it is not there any more: no misfortune, only a late start
              return attempt();
            })
        .switchIfEmpty(Flux.defer(this::attempt));
  }

  private Flux<GenerationEvent> disaggregated(Placement place, Wanted wanted) {
    Worker decode = place.decode();
    PrefillRequest request =
        requests.prefill(epoch, soFar.generated(), decode.kvTarget(), retries.patience(decode));
    return decode
        .silence()
        .over(
            prefills.compute(place, wanted, request, () -> requests.hedge(request)).flux(),
            () -> decoding = true) // what fails is decode, though prefill was asked
        .doOnNext(
            computed -> {
              placement = computed.at();
              requests.goOnAs(computed.attempt());
              soFar.prefilled(computed.at(), computed.reply(), computed.nanos());
            })
        .concatMap(computed -> afterPrefill(computed.reply(), decode));
  }

  private Flux<GenerationEvent> afterPrefill(PrefillReply reply, Worker decode) {
    List<GenerationEvent> first = new ArrayList<>(3);
    first.add(soFar.served());
    retries.computed();
    first.add(soFar.add(List.of(reply.getFirstToken())));
    if (reply.getFinishReason() != FinishReason.FINISH_REASON_UNSPECIFIED) {
      first.add(finished(reply.getFinishReason()));
      return Flux.fromIterable(first);
    }
    return Flux.concat(
        Flux.fromIterable(first), decode(decode, requests.afterPrefill(epoch, reply)));
  }

  private Flux<GenerationEvent> local(Worker decode) {
    return decode(decode, requests.local(epoch, soFar.generated()));
  }

  private Flux<GenerationEvent> decode(Worker worker, DecodeRequest request) {
    decoding = true;
    moved = null;
    soFar.decodingOn(worker, request.hasLocal());
    Flux<GenerationEvent> events =
        worker
            .over(
                1,
                worker
                    .answerTimes()
                    .over(
                        client.decode(worker.target(), request, plan.deadline(), plan.identity())),
                MeshFailures::defect)
            .concatMapDelayError(
                chunk -> Flux.fromIterable(events(chunk, worker, request.getAttempt())));
    return Flux.just(soFar.served()).concatWith(events).concatWith(Flux.defer(this::afterDecode));
  }

  /** The stream ended without an end of the answer. */
  private Flux<GenerationEvent> afterDecode() {
    KvMoved where = moved;
    if (where == null) {
      return lost("the worker ended the stream without finishing");
    }
    Worker holder = handOvers.holderOf(where);
    if (holder == null || !requests.fits(where, soFar.generated())) {
      return lost("the worker moved the answer to where it was not to go");
    }
    placement = new Placement(holder, Optional.empty(), Optional.empty());
    soFar.resumed();
    metrics.handedOver();
    return decode(holder, requests.afterMove(where, soFar.generated()));
  }

  private static Flux<GenerationEvent> lost(String how) {
    return Flux.error(() -> Status.UNAVAILABLE.withDescription(how).asRuntimeException());
  }

  private List<GenerationEvent> events(TokenChunk chunk, Worker worker, Attempt attempt) {
    List<GenerationEvent> events = new ArrayList<>(3);
    if (chunk.hasStats()) {
      soFar.decoded(chunk.getStats());
      events.add(soFar.served());
    }
    if (chunk.getTokensCount() > 0) {
      siblings.begun(worker, attempt);
      events.add(remember(chunk.getTokensList()));
    }
    if (chunk.getFinishReason() != FinishReason.FINISH_REASON_UNSPECIFIED) {
      events.add(finished(chunk.getFinishReason()));
    }
    if (chunk.getDraining()) {
      handOvers.offered(worker, attempt, soFar.tokens(), () -> ++epoch);
    }
    if (chunk.hasMoved()) {
      moved = chunk.getMoved();
    }
    return events;
  }

  private GenerationEvent remember(List<Token> tokens) {
    retries.gotOn();
    return soFar.add(tokens);
  }

  /** An abort that nobody here asked for is a lost worker. */
  private static GenerationEvent finished(FinishReason reason) {
    if (reason == FinishReason.FINISH_REASON_ABORTED) {
      throw Status.UNAVAILABLE
          .withDescription("the worker gave the answer up")
          .asRuntimeException();
    }
    return new GenerationEvent.Finished(reason);
  }

  private Flux<GenerationEvent> again(Throwable error) {
    if (Retries.nobodyThere(error)) {
      return whenSomebodyIsThere(error);
    }
    if (error instanceof RetryBudgetException) {
      return whenThereIsABudget(error);
    }
    if (MeshFailures.full(error)) {
      progress.turnedAway();
    }
    Placement place = placement;
    if (place == null || !retries.mayRetry(error, place, decoding)) {
      return Flux.error(error);
    }
    epoch++;
    Duration pause = retries.pause();
    logged(
        () ->
            LOG.info(
                "{} goes on elsewhere after {} tokens in {} ms, epoch {}: {}",
                plan.id(),
                soFar.generated().size(),
                pause.toMillis(),
                epoch,
                error.getMessage()));
    if (soFar.begun()) {
      soFar.resumed();
    }
    metrics.retried(soFar.begun());
    return Mono.delay(pause).thenMany(Flux.defer(this::attempt));
  }

  /** On a first attempt that is nobody's to wait for; later, a replacement may be about to come. */
  private Flux<GenerationEvent> whenSomebodyIsThere(Throwable nobody) {
    boolean onlyNow = retries.aloneOnlyNow();
    if (epoch == 0 || !retries.mayWait()) {
      return Flux.error(nobody);
    }
    if (onlyNow) {
      logged(
          () ->
              LOG.info(
                  "{} waits for a decode worker after {} tokens",
                  plan.id(),
                  soFar.generated().size()));
    }
    return Mono.delay(retries.pause()).thenMany(Flux.defer(this::attempt));
  }

  /** Too many answers begin again on the workers there are. */
  private Flux<GenerationEvent> whenThereIsABudget(Throwable spent) {
    progress.turnedAway();
    if (retries.poorOnlyNow()) {
      logged(() -> LOG.info("{} waits to begin again: {}", plan.id(), spent.getMessage()));
    }
    if (!retries.mayWaitForBudget()) {
      return Flux.error(
          ApiException.saturated(
              DropReason.SATURATED,
              retryAfter.get(),
              "The answer failed and could not begin again: too many others do."));
    }
    metrics.retryDelayed();
    return Mono.delay(retries.pause()).thenMany(Flux.defer(this::attempt));
  }

  private void logged(Runnable log) {
    plan.identity().logIds().run(log);
  }
}
