package dev.andante.qoe.batch;

import dev.andante.qoe.latency.PrefillLatency;

/**
 * A preempted request's KV goes to host memory and comes back, or is dropped and computed again:
 * whichever is faster at its length, and computed again if the host has no room.
 *
 * @param prefill of prompts, and of contexts computed again
 * @param swapBaseSeconds of moving a context one way
 * @param swapSecondsPerToken of moving a context one way; infinite where there is no host tier
 * @param hostFreeTokens room in host memory
 */
public record SwapOrRecompute(
    PrefillLatency prefill, double swapBaseSeconds, double swapSecondsPerToken, long hostFreeTokens)
    implements Costs {

  /** What becomes of a preempted request's KV. */
  public enum Mode {
    SWAP,
    RECOMPUTE
  }

  public SwapOrRecompute {
    if (!(swapBaseSeconds >= 0 && swapSecondsPerToken >= 0)) {
      throw new IllegalArgumentException(
          "swapping takes no negative time, not "
              + swapBaseSeconds
              + " + "
              + swapSecondsPerToken
              + " per token");
    }
  }

  /** Nothing is swapped. */
  public static SwapOrRecompute recomputing(PrefillLatency prefill) {
    return new SwapOrRecompute(prefill, 0, 0, 0);
  }

  public Mode mode(int contextTokens) {
    return contextTokens <= hostFreeTokens && 2 * swap(contextTokens) <= recompute(contextTokens)
        ? Mode.SWAP
        : Mode.RECOMPUTE;
  }

  @Override
  public double startSeconds(BatchRequest request) {
    int tokens = request.contextTokens();
    if (request.swapped()) {
      return swap(tokens);
    }
    // At least the last token is computed, for its logits.
    int cached = Math.min(request.cachedTokens(), tokens - 1);
    return prefill.seconds(tokens - cached, cached);
  }

  @Override
  public double preemptSeconds(BatchRequest request) {
    return mode(request.contextTokens()) == Mode.SWAP ? swap(request.contextTokens()) : 0;
  }

  private double swap(int tokens) {
    return swapBaseSeconds + swapSecondsPerToken * tokens;
  }

  private double recompute(int tokens) {
    return prefill.seconds(tokens, 0);
  }
}
