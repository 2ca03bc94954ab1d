package dev.andante.engine.kvcache;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The blocks whose content has a name, as a tree: each continues its parent's. Those that nobody
 * uses are kept; only leaves, kept blocks that no kept block continues, are given up, so that what
 * is left can be found from its beginning. Not thread-safe.
 */
final class NamedBlocks {

  private final EvictionPolicy policy;
  private final Consumer<? super KvEvent> events;
  private final LowerTiers below;
  private final Map<BlockKey, Integer> byKey = new HashMap<>();
  private final Map<BlockKey, Integer> keptChildren = new HashMap<>();
  private final @Nullable BlockKey[] keys;
  private final @Nullable BlockKey[] parents;
  private final int[] depths;
  private final boolean[] kept;
  private int keptCount;

  /**
   * @param events called for each name that comes and goes
   * @param below offered what is given up
   */
  NamedBlocks(
      int blocks, EvictionPolicy policy, Consumer<? super KvEvent> events, LowerTiers below) {
    this.policy = policy;
    this.events = events;
    this.below = below;
    keys = new BlockKey[blocks];
    parents = new BlockKey[blocks];
    depths = new int[blocks];
    kept = new boolean[blocks];
  }

  /** The block of that name, or {@link BlockPool#NONE}. */
  int find(BlockKey key) {
    Integer block = byKey.get(key);
    return block == null ? BlockPool.NONE : block;
  }

  boolean has(int block) {
    return keys[block] != null;
  }

  boolean isKept(int block) {
    return kept[block];
  }

  /** Kept blocks. */
  int kept() {
    return keptCount;
  }

  /** Names a block in use, unless another has that name. */
  void name(int block, BlockKey key, BlockKey parent, int depth) {
    BlockKey known = keys[block];
    if (known != null && !known.equals(key)) {
      throw new IllegalStateException("block " + block + " has another name");
    }
    if (byKey.putIfAbsent(key, block) != null) {
      return;
    }
    keys[block] = key;
    parents[block] = parent;
    depths[block] = depth;
    policy.used(block, key, depth);
    events.accept(new KvEvent.Stored(key, parent, depth, KvTier.POOL));
  }

  /** One more sequence uses a named block. */
  void use(int block) {
    if (kept[block]) {
      unkeep(block);
    }
    policy.used(block, key(block), depths[block]);
  }

  /** The last user of a named block is gone. */
  void keep(int block) {
    kept[block] = true;
    keptCount++;
    policy.released(block);
    if (isLeaf(block)) {
      policy.add(block);
    }
    BlockKey parent = parent(block);
    if (keptChildren.merge(parent, 1, Integer::sum) == 1) {
      int above = find(parent);
      if (above != BlockPool.NONE && kept[above]) {
        policy.remove(above);
      }
    }
  }

  /** Gives up a kept block; there is one. */
  int evict() {
    int block = policy.evict();
    kept[block] = false;
    keptCount--;
    leaveParent(block);
    BlockKey key = key(block);
    BlockKey parent = parent(block);
    byKey.remove(key);
    keys[block] = null;
    parents[block] = null;
    below.offer(block, key, parent, depths[block]);
    events.accept(new KvEvent.Removed(key, KvTier.POOL));
    return block;
  }

  private void unkeep(int block) {
    kept[block] = false;
    keptCount--;
    if (isLeaf(block)) {
      policy.remove(block);
    }
    leaveParent(block);
  }

  private void leaveParent(int block) {
    BlockKey parent = parent(block);
    Integer left = keptChildren.computeIfPresent(parent, (_, n) -> n == 1 ? null : n - 1);
    int above = find(parent);
    if (left == null && above != BlockPool.NONE && kept[above]) {
      policy.add(above);
    }
  }

  /** No kept block continues it; one in use may, whose user holds all that comes before. */
  private boolean isLeaf(int block) {
    return !keptChildren.containsKey(key(block));
  }

  private BlockKey key(int block) {
    return required(keys[block], block);
  }

  private BlockKey parent(int block) {
    return required(parents[block], block);
  }

  private static BlockKey required(@Nullable BlockKey key, int block) {
    if (key == null) {
      throw new IllegalStateException("block " + block + " has no name");
    }
    return key;
  }

  /**
   * @throws IllegalStateException describing the first inconsistency
   */
  void checkIntegrity() {
    int named = 0;
    int keptNow = 0;
    int children = 0;
    for (int block = 0; block < keys.length; block++) {
      BlockKey key = keys[block];
      require(key != null || !kept[block], block, "is kept without a name");
      require(key == null || find(key) == block, block, "cannot be found by its name");
      require(
          policy.contains(block) == (kept[block] && isLeaf(block)),
          block,
          policy.contains(block) ? "may be given up, and may not" : "is a leaf that stays");
      named += key == null ? 0 : 1;
      keptNow += kept[block] ? 1 : 0;
    }
    for (int count : keptChildren.values()) {
      children += count;
    }
    if (named != byKey.size() || keptNow != keptCount || children != keptCount) {
      throw new IllegalStateException(
          "%d blocks named, %d names; %d kept, %d counted, %d as children"
              .formatted(named, byKey.size(), keptNow, keptCount, children));
    }
  }

  private static void require(boolean condition, int block, String otherwise) {
    if (!condition) {
      throw new IllegalStateException("block " + block + " " + otherwise);
    }
  }
}
