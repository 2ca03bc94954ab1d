package dev.andante.host.config;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.Scheduling;
import dev.andante.engine.TierLimits;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import dev.andante.engine.qoe.QoePolicy;
import dev.andante.engine.scheduler.PolicySource;
import dev.andante.service.config.Between;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Pattern;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the engine. Prefill and decode workers that exchange KV need the same {@code blockSize}
 * and {@code kvDtype}.
 *
 * @param blockSize tokens per KV block
 * @param kvMemory size of the KV cache, 1KB to 64TB
 * @param blocks size of the KV cache in blocks, in place of {@code kvMemory}; 0 = by {@code
 *     kvMemory}
 * @param kvDtype bf16, or f32 for exactness runs
 * @param maxBatchTokens rows of one step: decode rows first, the rest for prefill chunks
 * @param maxSequences requests running at once
 * @param maxWaiting requests waiting; one more is refused
 * @param maxDraftTokens most draft tokens verified per request and step; so many are tried as make
 *     the most tokens a second, which may be none. 0 = no speculation
 * @param draftWait how long a step may wait for outstanding drafts, 0s to 1s
 * @param lease how long transferred KV waits for its request, or for the next frame; 10ms to 1h
 * @param prefixCache on or off: whether prompts that begin like earlier ones use their KV again
 * @param prefixCachePolicy which of the blocks kept for that are given up first when room is
 *     needed: lru (used longest ago), lfu (used by the fewest), learned (what was seldom used again
 *     so far, with lru as a safety net) or greedydual (cheapest to compute again, with age)
 * @param warmUp longest time spent on computing for nobody between loading and the first request,
 *     so that kernels are compiled when it comes; it ends sooner when they are. 0s to 5m, 0s = none
 * @param policy whose turn it is: fcfs (first come, first served), priority (by the requests'
 *     priority), mlfq (short answers first, by the time each has used) or qoe (whose readers gain
 *     most by it, once memory or time is short)
 * @param starvation how long a request may go without a step before priority and mlfq put it before
 *     all others; 0s to 1h, 0s = the policy's own, 30s for priority and 3s for mlfq
 * @param mlfqQuantum time that a request may use in mlfq's first queue, 1us to 1h
 * @param mlfqGrowth how many times as long the time in each further queue is
 * @param mlfqPeriod steps between two looks for requests that mlfq let starve
 * @param tbtTarget time between two tokens of a running answer that prompts must not stretch; steps
 *     with answers in them compute no more of prompts than fits. 0s to 1m, 0s = no such target
 * @param minChunk rows of prompts that a step has room for whatever {@code tbtTarget} says; chunks
 *     cut by it are multiples of this
 */
@Validated
@ConfigurationProperties(prefix = "andante.engine", ignoreUnknownFields = false)
public record EngineProperties(
    @DefaultValue("16") @Min(1) @Max(1024) int blockSize,
    @DefaultValue("256MB") @Between(min = "1KB", max = "64TB") DataSize kvMemory,
    @DefaultValue("0") @Min(0) int blocks,
    @DefaultValue("bf16") @Pattern(regexp = "bf16|f32") String kvDtype,
    @DefaultValue("256") @Min(1) int maxBatchTokens,
    @DefaultValue("64") @Min(1) int maxSequences,
    @DefaultValue("256") @Min(1) int maxWaiting,
    @DefaultValue("8") @Min(0) @Max(64) int maxDraftTokens,
    @DefaultValue("2ms") @Between(min = "0s", max = "1s") Duration draftWait,
    @DefaultValue("30s") @Between(min = "10ms", max = "1h") Duration lease,
    @DefaultValue("on") boolean prefixCache,
    @DefaultValue("lru") PrefixCachePolicy prefixCachePolicy,
    @DefaultValue("500ms") @Between(min = "0s", max = "5m") Duration warmUp,
    @DefaultValue("fcfs") @Pattern(regexp = "fcfs|priority|mlfq|qoe") String policy,
    @DefaultValue("0s") @Between(min = "0s", max = "1h") Duration starvation,
    @DefaultValue("10ms") @Between(min = "1us", max = "1h") Duration mlfqQuantum,
    @DefaultValue("2") @Min(2) @Max(16) int mlfqGrowth,
    @DefaultValue("1000") @Min(1) int mlfqPeriod,
    @DefaultValue("0s") @Between(min = "0s", max = "1m") Duration tbtTarget,
    @DefaultValue("16") @Min(1) int minChunk,
    @DefaultValue @Valid Tiers tiers) {

  /** What a block in a file takes at most beside its KV. */
  private static final long OVERHEAD = 8192;

  /**
   * Where KV goes that the prefix cache gives up, and from where it comes back when that is cheaper
   * than computing it again: memory, and then a file. Each engine has its own.
   *
   * @param hostMemory memory beside the KV cache, taken at the start, 0B to 64TB; 0B = none
   * @param diskSpace room on disk for what that memory gives up, 0B to 1024TB; needs {@code
   *     hostMemory} and {@code diskFolder}; 0B = none
   * @param diskFolder folder of the file, on a local disk; made if need be. Files that dead
   *     processes left there are deleted
   */
  public record Tiers(
      @DefaultValue("0B") @Between(min = "0B", max = "64TB") DataSize hostMemory,
      @DefaultValue("0B") @Between(min = "0B", max = "1024TB") DataSize diskSpace,
      @DefaultValue("") String diskFolder) {

    public Tiers {
      if (diskSpace.toBytes() > 0 && hostMemory.toBytes() == 0) {
        throw new IllegalArgumentException(
            "andante.engine.tiers.disk-space needs andante.engine.tiers.host-memory: what that"
                + " gives up goes to disk");
      }
      if (diskSpace.toBytes() > 0 && diskFolder.isBlank()) {
        throw new IllegalArgumentException(
            "andante.engine.tiers.disk-space needs andante.engine.tiers.disk-folder");
      }
    }

    private TierLimits toLimits(KvLayout layout) {
      requireBlock("host-memory", hostMemory, layout);
      requireBlock("disk-space", diskSpace, layout);
      return new TierLimits(
          hostMemory.toBytes(),
          diskSpace.toBytes(),
          diskFolder.isBlank() ? Optional.empty() : Optional.of(Path.of(diskFolder)));
    }

    private static void requireBlock(String key, DataSize size, KvLayout layout) {
      if (size.toBytes() > 0 && size.toBytes() < layout.bytesPerBlock() + OVERHEAD) {
        throw new IllegalArgumentException(
            "andante.engine.tiers."
                + key
                + " of "
                + size.toBytes()
                + " bytes holds no block: one takes "
                + (layout.bytesPerBlock() + OVERHEAD));
      }
    }
  }

  public EngineProperties {
    if (tiers.hostMemory().toBytes() > 0 && !prefixCache) {
      throw new IllegalArgumentException(
          "andante.engine.tiers.host-memory holds what the prefix cache gives up, so it needs"
              + " andante.engine.prefix-cache=on");
    }
  }

  public DType dtype() {
    return DType.valueOf(kvDtype.toUpperCase(Locale.ROOT));
  }

  /**
   * @param layout the KV layout of the model with this block size and dtype
   * @throws IllegalArgumentException naming the key to change, if a limit makes no sense
   */
  public EngineConfig toConfig(KvLayout layout) {
    return EngineConfig.builder(blockSize, blocks > 0 ? blocks : blocksOf(layout))
        .kvDtype(dtype())
        .maxBatchTokens(maxBatchTokens)
        .maxSequences(maxSequences)
        .maxWaiting(maxWaiting)
        .maxDraftTokens(maxDraftTokens)
        .draftWait(draftWait)
        .lease(lease)
        .prefixCache(prefixCache)
        .prefixCachePolicy(prefixCachePolicy)
        .warmUp(warmUp)
        .scheduling(scheduling())
        .tiers(tiers.toLimits(layout))
        .build();
  }

  private Scheduling scheduling() {
    return new Scheduling(
        byQoe()
            ? Scheduling.Policy.FCFS // not asked: policies() is
            : Scheduling.Policy.valueOf(policy.toUpperCase(Locale.ROOT)),
        starvation,
        mlfqQuantum,
        mlfqGrowth,
        mlfqPeriod,
        tbtTarget,
        minChunk);
  }

  /** Makes the policy. */
  public PolicySource policies() {
    return byQoe() ? QoePolicy.source() : PolicySource.CONFIGURED;
  }

  private boolean byQoe() {
    return policy.equals("qoe");
  }

  private int blocksOf(KvLayout layout) {
    long fit = kvMemory.toBytes() / layout.bytesPerBlock();
    if (fit < 1 || fit > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "andante.engine.kv-memory of "
              + kvMemory.toBytes()
              + " bytes holds "
              + fit
              + " blocks of "
              + layout.bytesPerBlock()
              + " bytes; it must hold at least one and fewer than 2^31");
    }
    return (int) fit;
  }
}
