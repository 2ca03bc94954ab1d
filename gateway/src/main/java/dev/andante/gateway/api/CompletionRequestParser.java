package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.pipeline.AnswerRequest;
import dev.andante.gateway.pipeline.Prompt;
import dev.andante.gateway.pipeline.TokenLimit;
import dev.andante.service.grpc.RequestIdentity;
import java.util.List;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** Body of {@code POST /v1/completions}. */
final class CompletionRequestParser implements RequestParser {

  /** OpenAI's default; a raw completion has no natural end. */
  private static final TokenLimit DEFAULT_LIMIT = TokenLimit.unasked(16);

  private static final String FORMS =
      "must be a string, an array of strings, an array of token ids, or an array of such arrays";

  private final CommonParameters common;

  CompletionRequestParser(CommonParameters common) {
    this.common = common;
  }

  @Override
  public ParsedRequest parse(Fields fields, String id, RequestIdentity identity) {
    OpenAiParameters.text(fields);
    OptionalInt logprobs = fields.integer("logprobs", 0, CommonParameters.MAX_TOP_LOGPROBS);
    var wanted = new CommonParameters.Logprobs(logprobs.isPresent(), logprobs.orElse(0));
    AnswerRequest answers =
        common.read(fields, id, identity, prompts(fields), DEFAULT_LIMIT, wanted);
    ParsedRequest parsed =
        new ParsedRequest(
            fields.string("model"),
            answers,
            RequestParser.delivery(fields, wanted.wanted(), wanted.top(), answers.extensions()));
    fields.refuseUnknown();
    return parsed;
  }

  @Override
  public ResponseShape shape(ResponseHead head) {
    return new CompletionShape(head);
  }

  @Override
  public String idPrefix() {
    return "cmpl-";
  }

  private static List<Prompt> prompts(Fields fields) {
    boolean special = fields.flag("add_special_tokens", true);
    JsonNode node = fields.get("prompt");
    if (node == null) {
      throw fields.bad("prompt", "is required");
    }
    if (node.isString()) {
      return List.of(new Prompt.Text(fields.text(node, "prompt", FORMS), special));
    }
    if (!node.isArray()) {
      throw fields.bad("prompt", FORMS);
    }
    if (node.isEmpty()) {
      throw fields.bad("prompt", "must not be empty");
    }
    if (node.get(0).isNumber()) {
      return List.of(tokens(node, "prompt"));
    }
    return fields.array(
        "prompt",
        (item, path) ->
            item.isArray()
                ? tokens(item, path)
                : new Prompt.Text(
                    Fields.text(item, path, ApiException.badRequest("prompt", "'prompt' " + FORMS)),
                    special));
  }

  private static Prompt tokens(JsonNode node, String path) {
    int[] ids = new int[node.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = CommonParameters.tokenId(node.get(i), path + "[" + i + "]");
    }
    return new Prompt.Tokens(ids);
  }
}
