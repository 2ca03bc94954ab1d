package dev.andante.gateway.api;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.AnswerService;
import dev.andante.gateway.pipeline.PromptEncoder;
import dev.andante.gateway.qoe.Readers;
import dev.andante.gateway.routing.WorkerRegistry;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import java.time.Clock;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.RequestPredicate;
import org.springframework.web.reactive.function.server.RequestPredicates;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What is at which URL. */
public final class ApiRoutes {

  private final CompletionsEndpoint completions;
  private final ModelsEndpoint models;
  private final TokenizeEndpoint tokenize;
  private final RequestParser chat;
  private final RequestParser text;
  private final ApiKeys keys;

  public ApiRoutes(
      GatewayProperties properties,
      WorkerRegistry registry,
      AnswerService service,
      PromptEncoder encoder,
      ServiceState state,
      InFlight inFlight,
      GatewayMetrics metrics,
      Clock clock) {
    BodyReader bodies = new BodyReader(properties.http());
    ModelLookup lookup = new ModelLookup(registry);
    CommonParameters common = new CommonParameters(properties.maxChoices());
    this.completions =
        new CompletionsEndpoint(
            bodies,
            lookup,
            service,
            new EventStream(properties.http().pingInterval()),
            state,
            inFlight,
            metrics,
            new Applicants(properties.admission()),
            new Readers(
                properties, metrics, Schedulers.parallel(), System::nanoTime, state::draining),
            clock);
    this.models = new ModelsEndpoint(lookup);
    this.tokenize = new TokenizeEndpoint(bodies, lookup, encoder);
    this.chat = new ChatRequestParser(common);
    this.text = new CompletionRequestParser(common);
    this.keys = new ApiKeys(properties.apiKeys());
  }

  public RouterFunction<ServerResponse> routes() {
    return RouterFunctions.route()
        .POST("/v1/chat/completions", request -> completions.handle(request, chat))
        .POST("/v1/completions", request -> completions.handle(request, text))
        .GET("/v1/models", models::list)
        .GET("/v1/models/{*id}", models::one)
        .POST("/tokenize", tokenize::tokenize)
        .POST("/detokenize", tokenize::detokenize)
        .POST("/v1/embeddings", ApiRoutes::embeddings)
        .route(anyOf("/v1/chat/completions", "/v1/completions"), r -> wrongMethod("POST"))
        .route(anyOf("/tokenize", "/detokenize", "/v1/embeddings"), r -> wrongMethod("POST"))
        .route(anyOf("/v1/models", "/v1/models/{*id}"), r -> wrongMethod("GET"))
        .filter(keys)
        .build()
        .and(
            RouterFunctions.route()
                .GET("/", request -> resource("playground.html", MediaType.TEXT_HTML))
                .GET(
                    "/openapi.json",
                    request -> resource("openapi.json", MediaType.APPLICATION_JSON))
                .route(anyOf("/", "/openapi.json"), r -> wrongMethod("GET"))
                .build());
  }

  private static RequestPredicate anyOf(String... paths) {
    var predicate = RequestPredicates.path(paths[0]);
    for (int i = 1; i < paths.length; i++) {
      predicate = predicate.or(RequestPredicates.path(paths[i]));
    }
    return predicate;
  }

  private static Mono<ServerResponse> embeddings(ServerRequest request) {
    return Mono.error(
        ApiException.server(
            501, "not_implemented", "Embeddings are not served by this version.", null));
  }

  private static Mono<ServerResponse> wrongMethod(String right) {
    return Mono.error(
        ApiException.invalid(405, null, "method_not_allowed", "Use " + right + " at this URL."));
  }

  private static Mono<ServerResponse> resource(String name, MediaType type) {
    return ServerResponse.ok()
        .contentType(type)
        .bodyValue(new ClassPathResource(name, ApiRoutes.class.getClassLoader()));
  }
}
