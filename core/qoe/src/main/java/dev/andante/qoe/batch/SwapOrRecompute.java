package dev.andante.qoe.batch;

import dev.andante.qoe.latency.PrefillLatency;

/**
 * A preempted request's KV goes to host memory and comes back, as far as there is room and that is
 * faster; the rest is computed again.
 *
 * <p>What it takes to come back is counted with what it takes to leave, against the one for whom a
 * place is made, and not only when the victim returns: it is then that it can be avoided.
 *
 * @param prefill of prompts, and of contexts computed again
 * @param swapSecondsPerToken of moving KV one way; infinite while that is not known
 */
public record SwapOrRecompute(PrefillLatency prefill, double swapSecondsPerToken) implements Costs {

  public SwapOrRecompute {
    if (!(swapSecondsPerToken >= 0)) {
      throw new IllegalArgumentException(
          "swapping takes no negative time, not " + swapSecondsPerToken + " per token");
    }
  }

  @Override
  public double startSeconds(BatchRequest request) {
    int tokens = request.contextTokens();
    // At least the last token is computed, for its logits.
    int cached = Math.min(request.cachedTokens(), tokens - 1);
    int loaded = Math.min(request.loadableTokens(), tokens - 1 - cached);
    double computing = prefill.seconds(tokens - cached, cached);
    return loaded == 0
        ? computing
        : Math.min(
            computing,
            swapSecondsPerToken * loaded
                + prefill.seconds(tokens - cached - loaded, cached + loaded));
  }

  @Override
  public double preemptSeconds(BatchRequest request) {
    int tokens = request.contextTokens();
    int kept = request.keptTokens();
    double computing = prefill.seconds(tokens, 0);
    return kept == 0
        ? computing
        : Math.min(
            computing,
            2 * swapSecondsPerToken * kept
                + (kept < tokens ? prefill.seconds(tokens - kept, kept) : 0));
  }
}
