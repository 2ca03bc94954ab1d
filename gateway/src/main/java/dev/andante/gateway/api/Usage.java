package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Answer;
import tools.jackson.databind.node.ObjectNode;

/** Counts a response's tokens; a prompt counts once however many answers it gets. */
final class Usage {

  private final int answersPerPrompt;
  private int prompt;
  private int completion;
  private int cached;

  Usage(int answersPerPrompt) {
    this.answersPerPrompt = answersPerPrompt;
  }

  /** Counts answers that have ended. */
  void add(Answer answer) {
    if (!(answer instanceof Answer.End end)) {
      return;
    }
    if (end.index() % answersPerPrompt == 0) {
      prompt += end.promptTokens();
      cached += end.figures().cachedTokens();
    }
    completion += end.generatedTokens();
  }

  ObjectNode json() {
    ObjectNode usage = Json.object();
    usage.put("prompt_tokens", prompt);
    usage.put("completion_tokens", completion);
    usage.put("total_tokens", prompt + completion);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cached);
    return usage;
  }
}
