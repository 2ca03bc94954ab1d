package dev.andante.qoe.batch;

import dev.andante.qoe.Reading;

/**
 * One request in a snapshot.
 *
 * @param arrival place in the order of arrival; tells requests apart, so no two share one
 * @param contextTokens KV tokens that it holds if it runs, at least 1. Whoever decides rarely adds
 *     what it may grow by until the next decision
 * @param cachedTokens of those, tokens whose KV is there already: a shared prefix, or what a
 *     prefill under way has done
 * @param reading what was delivered to its reader
 * @param sinceNanos when it began to run or to wait, whichever it does now
 * @param swapped whether its KV waits in host memory, after a preemption
 */
public record BatchRequest(
    long arrival,
    int contextTokens,
    int cachedTokens,
    Reading reading,
    long submittedNanos,
    long sinceNanos,
    boolean swapped) {

  public BatchRequest {
    if (contextTokens < 1 || cachedTokens < 0 || cachedTokens > contextTokens) {
      throw new IllegalArgumentException(
          "a request has at least 1 context token and at most as many cached, not "
              + contextTokens
              + " and "
              + cachedTokens);
    }
  }

  /** Seconds since submission; 0 if the clock jumped back before it. */
  double ageSeconds(long nowNanos) {
    return Math.max(0, (nowNanos - submittedNanos) / 1e9);
  }

  /** Seconds it has been running or waiting; 0 if the clock jumped back. */
  double sinceSeconds(long nowNanos) {
    return Math.max(0, (nowNanos - sinceNanos) / 1e9);
  }
}
