package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.KvTier;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Whether loading blocks is cheaper than computing them: by what loading one from its tier took
 * lately, and what computing takes by then. A tier of which nothing is known costs nothing, so that
 * it is tried; one that turned out dear is forgotten bit by bit with each block refused, so that it
 * is tried again. Engine thread only.
 */
final class LoadCost {

  /** Weight of the last block loaded. */
  private static final double LEARNING = 0.1;

  /** What remains of an estimate that kept a block from being loaded. */
  private static final double FORGETTING = 0.98;

  private final RecomputeTime recompute;
  private final int blockSize;
  private final Map<KvTier, Double> seconds = new EnumMap<>(KvTier.class);

  LoadCost(RecomputeTime recompute, int blockSize) {
    this.recompute = recompute;
    this.blockSize = blockSize;
  }

  /**
   * How many of the blocks to load, so that the most time is saved. What follows a block that is
   * not loaded must be computed, so it is always the first ones.
   *
   * @param from blocks before the first
   * @param tiers where each block is
   */
  int worth(int from, List<KvTier> tiers) {
    double saved = 0;
    double most = 0;
    int best = 0;
    for (int i = 0; i < tiers.size(); i++) {
      int context = (from + i) * blockSize;
      saved += recompute.seconds(context, blockSize) - seconds(tiers.get(i));
      if (saved >= most) {
        most = saved;
        best = i + 1;
      }
    }
    for (KvTier refused : tiers.subList(best, tiers.size())) {
      seconds.put(refused, FORGETTING * seconds(refused));
    }
    return best;
  }

  /** A block was loaded, or it took so long to find out that it could not be. */
  void observe(KvTier tier, long nanos) {
    double known = seconds(tier);
    double now = nanos / 1e9;
    seconds.put(tier, known == 0 ? now : known + LEARNING * (now - known));
  }

  /** What loading a block takes, in seconds; 0 = not known. */
  double seconds(KvTier tier) {
    return seconds.getOrDefault(tier, 0.0);
  }
}
