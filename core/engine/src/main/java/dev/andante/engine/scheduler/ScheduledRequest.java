package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;

/**
 * One request's share of a step.
 *
 * @param context tokens whose KV is there before the step
 * @param tokens known tokens to feed
 * @param drafts guessed tokens fed after them, the first ones of {@link Request#drafts}; only if
 *     the known tokens are fed to the end
 * @param samples whether the last known token is fed, so that the next one can be sampled
 */
public record ScheduledRequest(
    Request request, int context, int tokens, int drafts, boolean samples) {

  static ScheduledRequest of(Request request, int tokens, int drafts) {
    return new ScheduledRequest(
        request, request.computed(), tokens, drafts, tokens == request.pending());
  }

  /** Rows in the batch. */
  public int rows() {
    return tokens + drafts;
  }

  /** Rows whose logits are wanted: the last known token and each draft. */
  public int logitRows() {
    return samples ? 1 + drafts : 0;
  }

  /**
   * Whether it is one row that gives the next token of an answer. A prompt's last token, if it
   * comes alone, is such a row.
   */
  public boolean decodes() {
    return tokens == 1 && samples && context > 0;
  }

  /** Pairs of a known token that is fed and one it attends to, itself included. */
  public long pairs() {
    return StepTime.pairs(context, tokens);
  }
}
