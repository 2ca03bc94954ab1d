package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.pipeline.AnswerRequest;
import dev.andante.gateway.pipeline.Prompt;
import dev.andante.gateway.pipeline.TokenLimit;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.service.grpc.RequestIdentity;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** The parameters that both kinds of completion share. */
final class CommonParameters {

  static final int MAX_TOP_LOGPROBS = 20;
  private static final int MAX_STOPS = 4;

  private final int maxChoices;

  /**
   * @param maxChoices most answers of one request
   */
  CommonParameters(int maxChoices) {
    this.maxChoices = maxChoices;
  }

  /**
   * @param otherwise how long answers may be if the request does not say
   */
  AnswerRequest read(
      Fields fields,
      String id,
      RequestIdentity identity,
      List<Prompt> prompts,
      TokenLimit otherwise,
      Logprobs logprobs) {
    OpenAiParameters.common(fields);
    int n = fields.integer("n", 1, maxChoices).orElse(1);
    if ((long) n * prompts.size() > maxChoices) {
      throw fields.bad(
          "n",
          "times the number of prompts must be at most "
              + maxChoices
              + ", not "
              + (long) n * prompts.size());
    }
    return new AnswerRequest(
        id,
        identity,
        prompts,
        n,
        maxTokens(fields).orElse(otherwise),
        fields.integer("min_tokens", 0, Integer.MAX_VALUE).orElse(0),
        fields.flag("ignore_eos", false),
        fields.array("stop_token_ids", CommonParameters::tokenId),
        stop(fields),
        fields.longInteger("seed"),
        sampling(fields, logprobs),
        ExtensionsParser.read(fields));
  }

  /** What log-probabilities are wanted; asked for differently by the two kinds. */
  record Logprobs(boolean wanted, int top) {}

  static int tokenId(JsonNode node, String path) {
    if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 0) {
      throw ApiException.badRequest(path, "'" + path + "' must be a token id: an integer from 0.");
    }
    return node.intValue();
  }

  /** The newer name counts where both are sent. */
  private static Optional<TokenLimit> maxTokens(Fields fields) {
    Optional<TokenLimit> newer = maxTokens(fields, "max_completion_tokens");
    Optional<TokenLimit> older = maxTokens(fields, "max_tokens");
    return newer.or(() -> older);
  }

  private static Optional<TokenLimit> maxTokens(Fields fields, String name) {
    OptionalInt tokens = fields.integer(name, 1, Integer.MAX_VALUE);
    return tokens.isPresent()
        ? Optional.of(TokenLimit.asked(name, tokens.getAsInt()))
        : Optional.empty();
  }

  private static List<String> stop(Fields fields) {
    JsonNode node = fields.get("stop");
    if (node == null) {
      return List.of();
    }
    List<String> stops =
        node.isString()
            ? List.of(fields.text(node, "stop", ""))
            : fields.array(
                "stop",
                (item, path) ->
                    Fields.text(
                        item,
                        path,
                        ApiException.badRequest(path, "'" + path + "' must be a string.")));
    if (stops.size() > MAX_STOPS) {
      throw fields.bad("stop", "must be 1 to " + MAX_STOPS + " strings, not " + stops.size());
    }
    if (stops.stream().anyMatch(String::isEmpty)) {
      throw fields.bad("stop", "must not hold an empty string");
    }
    return stops;
  }

  private static SamplingParameters sampling(Fields fields, Logprobs logprobs) {
    SamplingParameters.Builder sampling =
        SamplingParameters.newBuilder()
            .setTemperature(fields.number("temperature", 1, 0, 2, false))
            .setTopP(fields.number("top_p", 1, 0, 1, true))
            .setTopK(Math.max(0, fields.integer("top_k", -1, Integer.MAX_VALUE).orElse(0)))
            .setMinP(fields.number("min_p", 0, 0, 1, false))
            .setPresencePenalty(fields.number("presence_penalty", 0, -2, 2, false))
            .setFrequencyPenalty(fields.number("frequency_penalty", 0, -2, 2, false))
            .setRepetitionPenalty(fields.number("repetition_penalty", 1, 0, 2, true))
            .setLogprobs(logprobs.wanted())
            .setTopLogprobs(logprobs.top());
    fields
        .object("logit_bias")
        .ifPresent(
            bias -> {
              for (String key : bias.names()) {
                sampling.putLogitBias(biasId(key), bias.number(key, 0, -100, 100, false));
              }
            });
    return sampling.build();
  }

  private static int biasId(String key) {
    try {
      return Integer.parseUnsignedInt(key);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("logit_bias", "The keys of 'logit_bias' must be token ids.");
    }
  }
}
