package dev.andante.gateway.api;

import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerService;
import dev.andante.gateway.pipeline.Progress;
import dev.andante.gateway.pipeline.Reading;
import dev.andante.gateway.qoe.ReaderWatch;
import dev.andante.gateway.qoe.Readers;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.service.grpc.RequestIdentity;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/** Both kinds of completion, streamed and whole. */
final class CompletionsEndpoint {

  private final BodyReader bodies;
  private final ModelLookup models;
  private final AnswerService service;
  private final EventStream events;
  private final ServiceState state;
  private final InFlight inFlight;
  private final GatewayMetrics metrics;
  private final Applicants applicants;
  private final Readers readers;
  private final Clock clock;

  CompletionsEndpoint(
      BodyReader bodies,
      ModelLookup models,
      AnswerService service,
      EventStream events,
      ServiceState state,
      InFlight inFlight,
      GatewayMetrics metrics,
      Applicants applicants,
      Readers readers,
      Clock clock) {
    this.bodies = bodies;
    this.models = models;
    this.service = service;
    this.events = events;
    this.state = state;
    this.inFlight = inFlight;
    this.metrics = metrics;
    this.applicants = applicants;
    this.readers = readers;
    this.clock = clock;
  }

  Mono<ServerResponse> handle(ServerRequest request, RequestParser parser) {
    ServerWebExchange exchange = request.exchange();
    RequestWatch watch = new RequestWatch(IdentityFilter.of(exchange).logIds(), metrics, inFlight);
    return Mono.defer(() -> answer(request, parser, watch)).doOnError(watch::failed);
  }

  private Mono<ServerResponse> answer(
      ServerRequest request, RequestParser parser, RequestWatch watch) {
    if (state.draining()) {
      return Mono.error(
          ApiException.unavailable("This gateway is stopping; send the request again."));
    }
    return bodies.read(request).flatMap(body -> answer(request.exchange(), body, parser, watch));
  }

  private Mono<ServerResponse> answer(
      ServerWebExchange exchange, ObjectNode body, RequestParser parser, RequestWatch watch) {
    RequestIdentity identity = IdentityFilter.of(exchange);
    String unique = UUID.randomUUID().toString().replace("-", "");
    // Found by a search for the request's id, yet unique where clients reuse theirs.
    String attemptId = identity.attemptId(unique.substring(0, 12));
    ParsedRequest parsed =
        parser
            .parse(Fields.root(body), attemptId, identity)
            .unlessSaid(SloHeaders.read(applicants.headers(exchange)));
    Applicant applicant = applicants.of(exchange, parsed.answers());
    ServedModel model = model(parsed, applicant);
    ResponseShape shape =
        parser.shape(
            new ResponseHead(
                parser.idPrefix() + unique,
                clock.instant().getEpochSecond(),
                model.name(),
                model.tokenizer(),
                parsed.answers().answers(),
                parsed.delivery()));
    Usage usage = new Usage(parsed.answers().n());
    Flux<Answer> answers =
        service.answers(
            parsed.answers(),
            model,
            applicant,
            new Reading(
                readers.expectations(parsed.answers(), model.name()), parsed.delivery().stream()),
            watch.progress());
    if (parsed.delivery().stream()) {
      ReaderWatch reader =
          readers.watch(
              parsed.answers(), model.name(), applicant.priority(), watch.progress()::promptTokens);
      watch.reader(reader);
      answers = reader.over(readers.paced(answers, parsed.answers(), model.name()));
    }
    answers = watch.over(answers, parsed, model.name()).doOnNext(usage::add);
    return parsed.delivery().stream()
        ? stream(exchange, parsed, answers, shape, usage, watch.progress())
        : whole(parsed, answers, shape, usage);
  }

  private ServedModel model(ParsedRequest parsed, Applicant applicant) {
    try {
      return models.require(parsed.model());
    } catch (ApiException e) {
      if (parsed.delivery().stream() && e.dropReason() != null) {
        String name = parsed.model().filter(models::known).orElse("unknown");
        readers.watch(parsed.answers(), name, applicant.priority(), () -> 0).failed(e);
      }
      throw e;
    }
  }

  private Mono<ServerResponse> stream(
      ServerWebExchange exchange,
      ParsedRequest parsed,
      Flux<Answer> answers,
      ResponseShape shape,
      Usage usage,
      Progress progress) {
    Flux<ObjectNode> chunks =
        answers.concatMapDelayError(answer -> Flux.fromIterable(shape.chunks(answer)));
    if (parsed.delivery().includeUsage()) {
      chunks = chunks.concatWith(Mono.fromSupplier(() -> shape.usageChunk(usage)));
    }
    Flux<String> frames =
        events.frames(
            chunks,
            progress::underWay,
            error -> {
              metrics.failed(error.status());
              ErrorResponder.log(exchange, error);
            });
    return ServerResponse.ok()
        .contentType(MediaType.TEXT_EVENT_STREAM)
        .header("Cache-Control", "no-cache")
        .header("X-Accel-Buffering", "no") // proxies that buffer would hold tokens back
        .body((response, context) -> EventStream.write(response, frames));
  }

  private static Mono<ServerResponse> whole(
      ParsedRequest parsed, Flux<Answer> answers, ResponseShape shape, Usage usage) {
    return answers
        .collect(
            () ->
                IntStream.range(0, parsed.answers().answers()).mapToObj(WholeAnswer::new).toList(),
            (List<WholeAnswer> all, Answer answer) -> all.get(answer.index()).add(answer))
        .flatMap(
            all ->
                ServerResponse.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue(Json.bytes(shape.whole(all, usage))));
  }
}
