package dev.andante.gateway.api;

import dev.andante.gateway.routing.ServedModel;
import java.util.Optional;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code GET /v1/models}, {@code GET /v1/models/{id}}. */
final class ModelsEndpoint {

  private final ModelLookup models;

  ModelsEndpoint(ModelLookup models) {
    this.models = models;
  }

  Mono<ServerResponse> list(ServerRequest request) {
    ObjectNode out = Json.object().put("object", "list");
    ArrayNode data = out.putArray("data");
    models.distinct().forEach(model -> data.add(json(model)));
    return ok(out);
  }

  Mono<ServerResponse> one(ServerRequest request) {
    String id =
        request.pathVariable("id").substring(1); // the rest of the path: names may hold slashes
    return Mono.defer(() -> ok(json(models.require(Optional.of(id)))));
  }

  private static ObjectNode json(ServedModel model) {
    return Json.object()
        .put("id", model.name())
        .put("object", "model")
        .put("created", model.since().getEpochSecond())
        .put("owned_by", "andante")
        .put("max_model_len", model.contextLength());
  }

  static Mono<ServerResponse> ok(ObjectNode body) {
    return ServerResponse.ok().contentType(MediaType.APPLICATION_JSON).bodyValue(Json.bytes(body));
  }
}
