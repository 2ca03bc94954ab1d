package dev.andante.engine.kvcache;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Learning-augmented: gives up what a predictor says will not be used again, as long as that serves
 * (algorithms.md §9, §14.7). While the bits are followed, what they would have given up by now goes
 * first, then what they say may go, then the rest; within each, and while they are not, what was
 * used longest ago. {@link SafetyNet} decides which.
 */
public final class DiscardBit extends RankedEviction {

  /** Contents remembered for each block of the cache, to learn from: about 1 KB of heap. */
  private static final int HISTORY = 8;

  /** What is more often used no more than used again is said to go. */
  private static final double THRESHOLD = 0.5;

  private final DiscardPredictor predictor;
  private final SafetyNet net;
  private final @Nullable BlockKey[] keys;
  private final Map<BlockKey, Integer> blocks = new HashMap<>();

  public DiscardBit(int blocks, DiscardPredictor predictor) {
    super(blocks);
    this.predictor = predictor;
    net = new SafetyNet(blocks);
    keys = new BlockKey[blocks];
  }

  /** The predictor that is used unless another is given: it learns from what was used before. */
  public static DiscardPredictor fromHistory(int blocks) {
    return new ReuseHistory(Math.multiplyExact(HISTORY, blocks), THRESHOLD);
  }

  @Override
  public void used(int block, BlockKey key, int depth) {
    if (keys[block] == null) {
      keys[block] = key;
      blocks.put(key, block);
    }
    boolean before = net.bitsFollowed();
    BlockKey dropped = net.use(key, predictor.discards(key, depth));
    if (before != net.bitsFollowed() || (before && net.byBits().flushed())) {
      blocks.values().forEach(this::rankAgain);
    } else if (before && dropped != null) {
      Integer held = blocks.get(dropped);
      if (held != null) {
        rankAgain(held);
      }
    }
  }

  @Override
  double rank(int block) {
    BlockKey key = keys[block];
    if (key == null || !net.bitsFollowed() || !net.byBits().contains(key)) {
      return 0;
    }
    return net.byBits().isWanted(key) ? 2 : 1;
  }

  @Override
  void forget(int block, double rank) {
    blocks.remove(keys[block]);
    keys[block] = null;
  }
}
