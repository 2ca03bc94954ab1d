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
 * @param loadableTokens of the others, the next ones, whose KV is in host memory: it can be loaded
 *     before it starts
 * @param keptTokens of all, the first ones, whose KV would be in host memory if it had to leave
 * @param decoding whether it lacks nothing but the KV of its last token
 * @param tokenNanos when it came, or had its last token
 */
public record BatchRequest(
    long arrival,
    int contextTokens,
    int cachedTokens,
    Reading reading,
    long submittedNanos,
    long sinceNanos,
    int loadableTokens,
    int keptTokens,
    boolean decoding,
    long tokenNanos) {

  public BatchRequest {
    if (contextTokens < 1 || cachedTokens < 0 || cachedTokens > contextTokens) {
      throw new IllegalArgumentException(
          "a request has at least 1 context token and at most as many cached, not "
              + contextTokens
              + " and "
              + cachedTokens);
    }
    if (loadableTokens < 0 || loadableTokens > contextTokens - cachedTokens) {
      throw new IllegalArgumentException(
          "of a context of %d tokens, %d of them cached, %d cannot be in host memory"
              .formatted(contextTokens, cachedTokens, loadableTokens));
    }
    if (keptTokens < 0 || keptTokens > contextTokens) {
      throw new IllegalArgumentException(
          "of a context of %d tokens %d cannot be kept".formatted(contextTokens, keptTokens));
    }
  }

  /**
   * Where there is no host memory for KV. Who has tokens has the KV of all but the last one, and
   * had it when it began to run or to wait.
   */
  public BatchRequest(
      long arrival,
      int contextTokens,
      int cachedTokens,
      Reading reading,
      long submittedNanos,
      long sinceNanos) {
    this(
        arrival,
        contextTokens,
        cachedTokens,
        reading,
        submittedNanos,
        sinceNanos,
        0,
        0,
        reading.tokens() > 0,
        sinceNanos);
  }

  /** Seconds since submission; 0 if the clock jumped back before it. */
  double ageSeconds(long nowNanos) {
    return Math.max(0, (nowNanos - submittedNanos) / 1e9);
  }

  /** Seconds without a token, whether it ran or waited; 0 if the clock jumped back. */
  double stalledSeconds(long nowNanos) {
    return Math.max(0, (nowNanos - tokenNanos) / 1e9);
  }

  /** Seconds it has been running or waiting; 0 if the clock jumped back. */
  double sinceSeconds(long nowNanos) {
    return Math.max(0, (nowNanos - sinceNanos) / 1e9);
  }
}
