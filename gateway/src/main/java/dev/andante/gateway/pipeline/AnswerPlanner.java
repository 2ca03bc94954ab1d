package dev.andante.gateway.pipeline;

import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import io.grpc.Deadline;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;

/** Checks what depends on the model, and lays out one plan per answer. */
final class AnswerPlanner {

  private final RandomGenerator seeds;

  AnswerPlanner(RandomGenerator seeds) {
    this.seeds = seeds;
  }

  /**
   * @param askers by the tokens of the prompt
   * @throws ApiException 400 if something does not fit the model
   */
  List<AnswerPlan> plan(
      AnswerRequest request,
      ServedModel model,
      PriorityClass priority,
      IntFunction<Asker> askers,
      List<int[]> prompts,
      Deadline deadline) {
    ids(request.sampling().getLogitBiasMap().keySet(), "logit_bias", model);
    ids(request.stopTokenIds(), "stop_token_ids", model);
    long seed = request.seed().orElseGet(seeds::nextLong);
    List<AnswerPlan> plans = new ArrayList<>();
    for (int[] prompt : prompts) {
      StopParameters stop = stop(request, model, prompt.length);
      for (int i = 0; i < request.n(); i++) {
        int index = plans.size();
        plans.add(
            new AnswerPlan(
                request.answers() == 1 ? request.id() : request.id() + "-" + index,
                request.identity(),
                index,
                i == 0,
                model,
                prompt,
                SamplingParameters.newBuilder(request.sampling()).setSeed(seed + i).build(),
                stop,
                request.extensions().speculation(),
                priority,
                askers.apply(prompt.length),
                deadline));
      }
    }
    return plans;
  }

  private static StopParameters stop(AnswerRequest request, ServedModel model, int prompt) {
    int context = model.contextLength();
    if (prompt == 0) {
      throw ApiException.badRequest(
          "prompt", "'prompt' has no tokens; it needs 1 to " + (context - 1) + ".");
    }
    int room = context - prompt;
    if (room < 1) {
      throw PromptLimits.tooLong(model, request.prompts().getFirst(), Integer.toString(prompt));
    }
    int max = maxTokens(request.maxTokens(), context, prompt);
    if (request.minTokens() > max) {
      throw ApiException.badRequest(
          "min_tokens",
          "'min_tokens' must be 0 to "
              + request
                  .maxTokens()
                  .param()
                  .map(param -> param + " (" + max + ").")
                  .orElse(max + "."));
    }
    return StopParameters.newBuilder()
        .setMaxTokens(max)
        .setMinTokens(request.minTokens())
        .setIgnoreEos(request.ignoreEos())
        .addAllStopTokenIds(request.stopTokenIds())
        .addAllStop(request.stop())
        .build();
  }

  private static int maxTokens(TokenLimit limit, int context, int prompt) {
    int room = context - prompt;
    if (limit.tokens() <= room) {
      return limit.tokens();
    }
    String param = limit.param().orElse(null);
    if (param == null) {
      return room;
    }
    throw ApiException.invalid(
        400,
        param,
        "context_length_exceeded",
        "This model's maximum context length is "
            + context
            + " tokens, but the prompt has "
            + prompt
            + " and "
            + limit.tokens()
            + " were asked for; "
            + param
            + " can be 1 to "
            + room
            + " here.");
  }

  private static void ids(Collection<Integer> ids, String param, ServedModel model) {
    for (int id : ids) {
      if (id < 0 || id >= model.vocabularySize()) {
        throw ApiException.badRequest(
            param,
            "'"
                + param
                + "' names token id "
                + id
                + "; ids of this model are 0 to "
                + (model.vocabularySize() - 1)
                + ".");
      }
    }
  }
}
