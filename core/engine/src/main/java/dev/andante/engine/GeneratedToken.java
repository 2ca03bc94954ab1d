package dev.andante.engine;

import java.util.List;

/**
 * One token of an answer.
 *
 * @param logprob natural log under the raw logits, NaN unless asked for
 * @param top alternatives, most probable first, empty unless asked for
 */
public record GeneratedToken(int id, float logprob, List<Alternative> top) {

  /** A token that could have been chosen. */
  public record Alternative(int id, float logprob) {}
}
