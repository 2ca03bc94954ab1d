package dev.andante.engine.kvcache;

import java.util.function.IntToDoubleFunction;

/** The eviction policies there are. */
public enum PrefixCachePolicy {
  LRU,
  LFU,
  LEARNED,
  GREEDYDUAL;

  /**
   * @param blocks of the pool
   * @param recomputeCost of a block, by the blocks before it in its sequence
   */
  public EvictionPolicy create(int blocks, IntToDoubleFunction recomputeCost) {
    return switch (this) {
      case LRU -> new LeastRecentlyUsed(blocks);
      case LFU -> new LeastFrequentlyUsed(blocks);
      case LEARNED -> new DiscardBit(blocks, DiscardBit.fromHistory(blocks));
      case GREEDYDUAL -> new GreedyDual(blocks, recomputeCost);
    };
  }
}
