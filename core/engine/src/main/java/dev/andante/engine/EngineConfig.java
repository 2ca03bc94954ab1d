package dev.andante.engine;

import dev.andante.compute.DType;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import java.time.Duration;

/**
 * Limits of one engine.
 *
 * @param blockSize tokens per KV block
 * @param blocks size of the pool
 * @param kvDtype F32 or BF16
 * @param maxBatchTokens rows of one step: decode rows first, the rest for prefill chunks
 * @param maxSequences requests running at once
 * @param maxWaiting requests waiting; one more is refused as SATURATED
 * @param maxDraftTokens most draft tokens verified per request and step; 0 = no speculation
 * @param draftWait how long a step may wait for outstanding drafts
 * @param lease how long a reservation lives without a sign of life
 * @param prefixCache whether sequences that begin alike share the blocks they begin with
 * @param prefixCachePolicy which of the blocks kept for that are given up first
 * @param warmUp longest time spent on passes for nobody before the first request; 0 = none
 * @param scheduling how steps are shared among requests
 * @param tiers room for KV that the prefix cache gives up
 */
public record EngineConfig(
    int blockSize,
    int blocks,
    DType kvDtype,
    int maxBatchTokens,
    int maxSequences,
    int maxWaiting,
    int maxDraftTokens,
    Duration draftWait,
    Duration lease,
    boolean prefixCache,
    PrefixCachePolicy prefixCachePolicy,
    Duration warmUp,
    Scheduling scheduling,
    TierLimits tiers) {

  public EngineConfig {
    positive("block_size", blockSize);
    positive("blocks", blocks);
    positive("max_batch_tokens", maxBatchTokens);
    positive("max_sequences", maxSequences);
    positive("max_waiting", maxWaiting);
    if (maxDraftTokens < 0) {
      throw new IllegalArgumentException(
          "max_draft_tokens must be at least 0, not " + maxDraftTokens);
    }
    if (draftWait.isNegative()) {
      throw new IllegalArgumentException("draft_wait must be at least 0, not " + draftWait);
    }
    if (lease.isNegative() || lease.isZero()) {
      throw new IllegalArgumentException("lease must be positive, not " + lease);
    }
    if (warmUp.isNegative()) {
      throw new IllegalArgumentException("warm_up must be at least 0, not " + warmUp);
    }
    if (tiers.any() && !prefixCache) {
      throw new IllegalArgumentException(
          "tiers hold what the prefix cache gives up: switch prefix_cache on, or the tiers off");
    }
  }

  /**
   * Of an engine with so many blocks; all else as {@link EngineConfigBuilder} has it.
   *
   * @param blockSize tokens per KV block
   */
  public static EngineConfigBuilder builder(int blockSize, int blocks) {
    return new EngineConfigBuilder(blockSize, blocks);
  }

  /** For one that differs in some values. */
  public EngineConfigBuilder toBuilder() {
    return new EngineConfigBuilder(this);
  }

  /** The same with other scheduling. */
  public EngineConfig with(Scheduling other) {
    return toBuilder().scheduling(other).build();
  }

  /** The same with other tiers. */
  public EngineConfig with(TierLimits other) {
    return toBuilder().tiers(other).build();
  }

  private static void positive(String field, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(field + " must be at least 1, not " + value);
    }
  }
}
