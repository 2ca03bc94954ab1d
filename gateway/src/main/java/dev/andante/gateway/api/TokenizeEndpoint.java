package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.PromptEncoder;
import dev.andante.gateway.routing.ServedModel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code POST /tokenize} and {@code POST /detokenize}, in vLLM's form. */
final class TokenizeEndpoint {

  private final BodyReader bodies;
  private final ModelLookup models;
  private final PromptEncoder encoder;

  TokenizeEndpoint(BodyReader bodies, ModelLookup models, PromptEncoder encoder) {
    this.bodies = bodies;
    this.models = models;
    this.encoder = encoder;
  }

  Mono<ServerResponse> tokenize(ServerRequest request) {
    return bodies
        .read(request)
        .flatMap(
            body -> {
              TokenizeRequest asked = TokenizeRequest.parse(Fields.root(body));
              ServedModel model = models.require(asked.model());
              return encoder
                  .encode(model, List.of(asked.prompt()))
                  .flatMap(ids -> ModelsEndpoint.ok(json(model, ids.getFirst(), asked.strings())));
            });
  }

  Mono<ServerResponse> detokenize(ServerRequest request) {
    return bodies
        .read(request)
        .flatMap(
            body -> {
              DetokenizeRequest asked = DetokenizeRequest.parse(Fields.root(body));
              ServedModel model = models.require(asked.model());
              return encoder
                  .decode(model, asked.ids())
                  .flatMap(text -> ModelsEndpoint.ok(Json.object().put("prompt", text)));
            });
  }

  private static ObjectNode json(ServedModel model, int[] ids, boolean strings) {
    ObjectNode out =
        Json.object().put("count", ids.length).put("max_model_len", model.contextLength());
    ChatShape.ids(out.putArray("tokens"), ids);
    if (strings) {
      ArrayNode texts = out.putArray("token_strs");
      for (int id : ids) {
        texts.add(new String(model.tokenizer().bytesOf(id), StandardCharsets.UTF_8));
      }
    }
    return out;
  }
}
