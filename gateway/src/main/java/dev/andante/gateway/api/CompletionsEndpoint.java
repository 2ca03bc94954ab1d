package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.Answer;
import dev.andante.gateway.pipeline.AnswerService;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.service.grpc.RequestIds;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import tools.jackson.databind.node.ObjectNode;

/** Both kinds of completion, streamed and whole. */
final class CompletionsEndpoint {

  private static final Logger LOG = LoggerFactory.getLogger(CompletionsEndpoint.class);

  private final BodyReader bodies;
  private final ModelLookup models;
  private final AnswerService service;
  private final EventStream events;
  private final ServiceState state;
  private final InFlight inFlight;
  private final GatewayMetrics metrics;
  private final Clock clock;

  CompletionsEndpoint(
      BodyReader bodies,
      ModelLookup models,
      AnswerService service,
      EventStream events,
      ServiceState state,
      InFlight inFlight,
      GatewayMetrics metrics,
      Clock clock) {
    this.bodies = bodies;
    this.models = models;
    this.service = service;
    this.events = events;
    this.state = state;
    this.inFlight = inFlight;
    this.metrics = metrics;
    this.clock = clock;
  }

  Mono<ServerResponse> handle(ServerRequest request, RequestParser parser) {
    if (state.draining()) {
      return Mono.error(
          ApiException.unavailable("This gateway is stopping; send the request again."));
    }
    ServerWebExchange exchange = request.exchange();
    String requestId = RequestIdFilter.of(exchange);
    return bodies
        .read(request)
        .flatMap(
            body -> {
              String unique = UUID.randomUUID().toString().replace("-", "");
              String id = parser.idPrefix() + unique;
              // Found by a search for the request's id, yet unique where clients reuse theirs.
              String attemptId = requestId + "~" + unique.substring(0, 12);
              ParsedRequest parsed = parser.parse(Fields.root(body), attemptId, requestId);
              ServedModel model = models.require(parsed.model());
              ResponseShape shape =
                  parser.shape(
                      new ResponseHead(
                          id,
                          clock.instant().getEpochSecond(),
                          model.name(),
                          model.tokenizer(),
                          parsed.delivery()));
              Usage usage = new Usage(parsed.answers().n());
              Flux<Answer> answers = observed(exchange, parsed, model, usage);
              return parsed.delivery().stream()
                  ? stream(exchange, parsed, answers, shape, usage)
                  : whole(parsed, answers, shape, usage);
            });
  }

  private Flux<Answer> observed(
      ServerWebExchange exchange, ParsedRequest parsed, ServedModel model, Usage usage) {
    return Flux.defer(
        () -> {
          long began = System.nanoTime();
          inFlight.begin();
          return service
              .answers(parsed.answers(), model)
              .doOnNext(
                  answer -> {
                    if (answer instanceof Answer.End end) {
                      usage.add(end);
                    }
                  })
              .doFinally(
                  signal -> {
                    inFlight.end();
                    finished(exchange, parsed, model, usage, signal, System.nanoTime() - began);
                  });
        });
  }

  private void finished(
      ServerWebExchange exchange,
      ParsedRequest parsed,
      ServedModel model,
      Usage usage,
      SignalType signal,
      long nanos) {
    if (signal == SignalType.CANCEL) {
      metrics.cancelled();
    }
    RequestIds.logged(
        RequestIdFilter.of(exchange),
        () ->
            LOG.info(
                "{} {} model={} stream={} answers={} prompt={} generated={} in {} ms",
                parsed.answers().id(),
                switch (signal) {
                  case CANCEL -> "cancelled by the client";
                  case ON_ERROR -> "failed";
                  default -> "done";
                },
                model.name(),
                parsed.delivery().stream(),
                parsed.answers().answers(),
                usage.prompt(),
                usage.completion(),
                nanos / 1_000_000));
  }

  private Mono<ServerResponse> stream(
      ServerWebExchange exchange,
      ParsedRequest parsed,
      Flux<Answer> answers,
      ResponseShape shape,
      Usage usage) {
    Flux<ObjectNode> chunks =
        answers.concatMapDelayError(answer -> Flux.fromIterable(shape.chunks(answer)));
    if (parsed.delivery().includeUsage()) {
      chunks = chunks.concatWith(Mono.fromSupplier(() -> shape.usageChunk(usage)));
    }
    Flux<String> frames =
        events.frames(
            chunks,
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
