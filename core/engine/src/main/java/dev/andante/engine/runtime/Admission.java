package dev.andante.engine.runtime;

import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.SamplingParams;

/** What this engine can serve at all. */
final class Admission {

  private final int vocabulary;
  private final int maxLength;
  private final String limits;

  Admission(int vocabulary, int contextLength, long poolTokens) {
    this.vocabulary = vocabulary;
    this.maxLength = (int) Math.min(contextLength, poolTokens);
    this.limits = "context of " + contextLength + " tokens, KV pool of " + poolTokens;
  }

  /** Tokens of prompt and answer together, at most. */
  int maxLength() {
    return maxLength;
  }

  int vocabulary() {
    return vocabulary;
  }

  /**
   * @throws EngineException INVALID_REQUEST, CONTEXT_LENGTH_EXCEEDED
   */
  void check(PromptTokens prompt) {
    if (prompt.ids().length >= maxLength) {
      throw new EngineException(
          Code.CONTEXT_LENGTH_EXCEEDED,
          "a prompt of "
              + prompt.ids().length
              + " tokens leaves no room for an answer ("
              + limits
              + "); shorten it");
    }
    for (int id : prompt.ids()) {
      checkToken("prompt", id);
    }
  }

  /**
   * @param tokens of prompt and answer that are known
   * @throws EngineException CONTEXT_LENGTH_EXCEEDED
   */
  void checkLength(int tokens) {
    if (tokens > maxLength) {
      throw new EngineException(
          Code.CONTEXT_LENGTH_EXCEEDED, tokens + " tokens do not fit (" + limits + ")");
    }
  }

  void check(SamplingParams sampling) {
    for (int id : sampling.logitBias().keySet()) {
      checkToken("logit_bias", id);
    }
    for (float bias : sampling.logitBias().values()) {
      if (Float.isNaN(bias) || bias == Float.POSITIVE_INFINITY) {
        throw new EngineException(
            Code.INVALID_REQUEST, "logit_bias must be finite or -Infinity, not " + bias);
      }
    }
  }

  void checkToken(String field, int id) {
    if (id < 0 || id >= vocabulary) {
      throw new EngineException(
          Code.INVALID_REQUEST, field + ": token ids are 0 to " + (vocabulary - 1) + ", not " + id);
    }
  }
}
