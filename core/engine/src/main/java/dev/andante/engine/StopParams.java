package dev.andante.engine;

import java.util.Set;

/**
 * When an answer ends.
 *
 * @param maxTokens tokens to generate, counted from the end of the given prompt; at least 1
 * @param minTokens stop tokens and {@link StopMatcher} are not honoured before
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
