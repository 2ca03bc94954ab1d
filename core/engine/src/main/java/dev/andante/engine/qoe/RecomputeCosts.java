package dev.andante.engine.qoe;

import dev.andante.qoe.batch.BatchRequest;
import dev.andante.qoe.batch.Costs;
import dev.andante.qoe.latency.PrefillLatency;

/**
 * Blocks that are taken have to be computed again one day. That stall is counted against the one
 * for whom they are taken, not only against the victim's return: it is then that it can be avoided.
 */
record RecomputeCosts(PrefillLatency prefill) implements Costs {

  @Override
  public double startSeconds(BatchRequest request) {
    int tokens = request.contextTokens();
    // At least the last token is computed, for its logits.
    int cached = Math.min(request.cachedTokens(), tokens - 1);
    return prefill.seconds(tokens - cached, cached);
  }

  @Override
  public double preemptSeconds(BatchRequest request) {
    return prefill.seconds(request.contextTokens(), 0);
  }
}
