package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Prompt;
import dev.andante.gateway.pipeline.PromptEncoder;
import dev.andante.gateway.routing.ServedModel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
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
              Fields fields = Fields.root(body);
              Prompt prompt = prompt(fields);
              boolean strings = fields.flag("return_token_strs", false);
              Optional<String> name = fields.string("model");
              fields.refuseUnknown();
              ServedModel model = models.require(name);
              return encoder
                  .encode(model, List.of(prompt))
                  .flatMap(ids -> ModelsEndpoint.ok(json(model, ids.getFirst(), strings)));
            });
  }

  Mono<ServerResponse> detokenize(ServerRequest request) {
    return bodies
        .read(request)
        .flatMap(
            body -> {
              Fields fields = Fields.root(body);
              if (!fields.has("tokens")) {
                throw fields.bad("tokens", "is required: an array of token ids");
              }
              int[] ids =
                  fields.array("tokens", CommonParameters::tokenId).stream()
                      .mapToInt(Integer::intValue)
                      .toArray();
              Optional<String> name = fields.string("model");
              fields.refuseUnknown();
              ServedModel model = models.require(name);
              return encoder
                  .decode(model, ids)
                  .flatMap(text -> ModelsEndpoint.ok(Json.object().put("prompt", text)));
            });
  }

  private static Prompt prompt(Fields fields) {
    boolean generationPrompt = fields.flag("add_generation_prompt", true);
    boolean specialTokens = fields.flag("add_special_tokens", true);
    if (!fields.has("messages")) {
      return new Prompt.Text(fields.requiredString("prompt"), specialTokens);
    }
    if (fields.has("prompt")) {
      throw fields.bad("prompt", "and 'messages' exclude each other");
    }
    return new Prompt.Chat(ChatRequestParser.messages(fields), generationPrompt);
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
