package dev.andante.engine;

import dev.andante.compute.DType;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import java.time.Duration;

/**
 * Makes an {@link EngineConfig}, which says what the values mean. Unless told otherwise: KV in
 * bf16, 256 rows a step, 64 requests running and 256 waiting, no speculation, leases of 30 s, a
 * prefix cache that gives up what was used longest ago, no warm-up, first come first served, and
 * nothing below the pool.
 */
public final class EngineConfigBuilder {

  private int blockSize;
  private int blocks;
  private DType kvDtype = DType.BF16;
  private int maxBatchTokens = 256;
  private int maxSequences = 64;
  private int maxWaiting = 256;
  private int maxDraftTokens;
  private Duration draftWait = Duration.ZERO;
  private Duration lease = Duration.ofSeconds(30);
  private boolean prefixCache = true;
  private PrefixCachePolicy prefixCachePolicy = PrefixCachePolicy.LRU;
  private Duration warmUp = Duration.ZERO;
  private Scheduling scheduling = Scheduling.DEFAULT;
  private TierLimits tiers = TierLimits.NONE;

  EngineConfigBuilder(int blockSize, int blocks) {
    this.blockSize = blockSize;
    this.blocks = blocks;
  }

  EngineConfigBuilder(EngineConfig config) {
    this(config.blockSize(), config.blocks());
    kvDtype = config.kvDtype();
    maxBatchTokens = config.maxBatchTokens();
    maxSequences = config.maxSequences();
    maxWaiting = config.maxWaiting();
    maxDraftTokens = config.maxDraftTokens();
    draftWait = config.draftWait();
    lease = config.lease();
    prefixCache = config.prefixCache();
    prefixCachePolicy = config.prefixCachePolicy();
    warmUp = config.warmUp();
    scheduling = config.scheduling();
    tiers = config.tiers();
  }

  public EngineConfigBuilder blockSize(int value) {
    blockSize = value;
    return this;
  }

  public EngineConfigBuilder blocks(int value) {
    blocks = value;
    return this;
  }

  public EngineConfigBuilder kvDtype(DType value) {
    kvDtype = value;
    return this;
  }

  public EngineConfigBuilder maxBatchTokens(int value) {
    maxBatchTokens = value;
    return this;
  }

  public EngineConfigBuilder maxSequences(int value) {
    maxSequences = value;
    return this;
  }

  public EngineConfigBuilder maxWaiting(int value) {
    maxWaiting = value;
    return this;
  }

  public EngineConfigBuilder maxDraftTokens(int value) {
    maxDraftTokens = value;
    return this;
  }

  public EngineConfigBuilder draftWait(Duration value) {
    draftWait = value;
    return this;
  }

  public EngineConfigBuilder lease(Duration value) {
    lease = value;
    return this;
  }

  public EngineConfigBuilder prefixCache(boolean value) {
    prefixCache = value;
    return this;
  }

  public EngineConfigBuilder prefixCachePolicy(PrefixCachePolicy value) {
    prefixCachePolicy = value;
    return this;
  }

  public EngineConfigBuilder warmUp(Duration value) {
    warmUp = value;
    return this;
  }

  public EngineConfigBuilder scheduling(Scheduling value) {
    scheduling = value;
    return this;
  }

  public EngineConfigBuilder tiers(TierLimits value) {
    tiers = value;
    return this;
  }

  /**
   * @throws IllegalArgumentException naming the value that makes no sense
   */
  public EngineConfig build() {
    return new EngineConfig(
        blockSize,
        blocks,
        kvDtype,
        maxBatchTokens,
        maxSequences,
        maxWaiting,
        maxDraftTokens,
        draftWait,
        lease,
        prefixCache,
        prefixCachePolicy,
        warmUp,
        scheduling,
        tiers);
  }
}
