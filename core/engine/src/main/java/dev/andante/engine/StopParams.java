package dev.andante.engine;

import java.util.Set;

/**
 * When an answer ends.
 *
 * @param maxTokens tokens to generate, counted from the end of the original prompt, so that those a
 *     resumed prompt brings along count; at least 1. The context length ends an answer earlier.
 * @param minTokens counted alike; until then end and stop tokens cannot be sampled and {@link
 *     StopMatcher} is not honoured
 * @param ignoreEos whether the model's end tokens are ordinary
 * @param stopTokenIds in addition to the model's end tokens; honoured even with ignoreEos
 */
public record StopParams(
    int maxTokens, int minTokens, boolean ignoreEos, Set<Integer> stopTokenIds) {

  public StopParams {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("max_tokens must be at least 1, not " + maxTokens);
    }
    if (minTokens < 0 || minTokens > maxTokens) {
      throw new IllegalArgumentException(
          "min_tokens must be 0 to max_tokens (" + maxTokens + "), not " + minTokens);
    }
    stopTokenIds = Set.copyOf(stopTokenIds);
  }
}
