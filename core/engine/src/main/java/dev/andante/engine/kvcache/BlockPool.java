package dev.andante.engine.kvcache;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ownership of KV blocks by reference count. A block is in one of three states:
 *
 * <pre>
 * blank ──allocate──▶ owned ──last release, content without a name──▶ blank
 *   ▲                  ▲ │
 *   │ evicted      retain└──last release, content with a name──▶ kept (findable by it)
 *   └──────────────────┴───────────────────────────────────────────┘
 * </pre>
 *
 * Blank and kept blocks are both free: kept ones are given up, in the order of the {@link
 * EvictionPolicy}, when there is no blank one left. Not thread-safe.
 */
public final class BlockPool {

  /** Returned where there is no block. */
  public static final int NONE = -1;

  private final int[] references;
  private final int[] blank;
  private int firstBlank;
  private int blankCount;
  private final EvictionPolicy eviction;
  private final Map<BlockKey, Integer> byKey = new HashMap<>();
  private final @Nullable BlockKey[] keys;

  public BlockPool(int blocks) {
    this(blocks, new LeastRecentlyUsed(Math.max(0, blocks)));
  }

  /**
   * @param eviction empty, and this pool's from now on
   */
  public BlockPool(int blocks, EvictionPolicy eviction) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a pool has at least 1 block, not " + blocks);
    }
    this.eviction = eviction;
    references = new int[blocks];
    blank = new int[blocks];
    Arrays.setAll(blank, i -> i);
    blankCount = blocks;
    keys = new BlockKey[blocks];
  }

  public int total() {
    return references.length;
  }

  /** Blocks that nobody owns, kept ones included. */
  public int free() {
    return blankCount + eviction.size();
  }

  /** Of the free ones, those whose content is kept. */
  public int kept() {
    return eviction.size();
  }

  /** A block with one reference, or {@link #NONE}. */
  public int allocate() {
    int block;
    if (blankCount > 0) {
      block = blank[firstBlank];
      firstBlank = next(firstBlank);
      blankCount--;
    } else if (eviction.size() > 0) {
      block = eviction.evict();
      forget(block);
    } else {
      return NONE;
    }
    references[block] = 1;
    return block;
  }

  /** One more owner of a block that is owned or kept. */
  public void retain(int block) {
    if (references[block] == 0) {
      if (keys[block] == null) {
        throw new IllegalStateException("block " + block + " is not allocated");
      }
      eviction.remove(block);
    }
    references[block]++;
  }

  /**
   * One owner less; the block is free when it was the last.
   *
   * @throws IllegalStateException if the block is already free
   */
  public void release(int block) {
    if (references[block] == 0) {
      throw new IllegalStateException("block " + block + " is not allocated");
    }
    if (--references[block] > 0) {
      return;
    }
    if (keys[block] == null) {
      blank[(firstBlank + blankCount) % blank.length] = block;
      blankCount++;
    } else {
      eviction.add(block);
    }
  }

  public int references(int block) {
    return references[block];
  }

  /**
   * Names the content of an owned block, which must not change any more; no effect if another block
   * has that name.
   */
  void name(int block, BlockKey key) {
    if (references[block] == 0) {
      throw new IllegalStateException("block " + block + " is not allocated");
    }
    BlockKey known = keys[block];
    if (known != null && !known.equals(key)) {
      throw new IllegalStateException("block " + block + " has another name");
    }
    if (byKey.putIfAbsent(key, block) == null) {
      keys[block] = key;
    }
  }

  /** The block of that name, or {@link #NONE}. */
  int find(BlockKey key) {
    Integer block = byKey.get(key);
    return block == null ? NONE : block;
  }

  /** Whether the block's content has a name, and so must not change. */
  public boolean named(int block) {
    return keys[block] != null;
  }

  private void forget(int block) {
    byKey.remove(keys[block]);
    keys[block] = null;
  }

  /**
   * Compares the pool with what owners say they hold.
   *
   * @param owned how many owners hold each block
   * @throws IllegalStateException describing the first inconsistency
   */
  public void checkIntegrity(int[] owned) {
    boolean[] isBlank = new boolean[total()];
    for (int i = 0, at = firstBlank; i < blankCount; i++, at = next(at)) {
      int block = blank[at];
      require(!isBlank[block], block, "is free twice");
      isBlank[block] = true;
    }
    int named = 0;
    int kept = 0;
    for (int block = 0; block < total(); block++) {
      require(
          references[block] == owned[block],
          block,
          "has " + references[block] + " references, " + owned[block] + " owners");
      boolean isKept = eviction.contains(block);
      int states = (isBlank[block] ? 1 : 0) + (references[block] > 0 ? 1 : 0) + (isKept ? 1 : 0);
      require(states == 1, block, states == 0 ? "is lost" : "is in " + states + " states");
      BlockKey key = keys[block];
      require(key != null || !isKept, block, "is kept without a name");
      require(key == null || !isBlank[block], block, "is blank and named");
      require(key == null || find(key) == block, block, "cannot be found by its name");
      named += key == null ? 0 : 1;
      kept += isKept ? 1 : 0;
    }
    if (named != byKey.size() || kept != eviction.size()) {
      throw new IllegalStateException(
          named
              + " blocks named, "
              + byKey.size()
              + " names; "
              + kept
              + " of "
              + eviction.size()
              + " kept");
    }
  }

  private static void require(boolean condition, int block, String otherwise) {
    if (!condition) {
      throw new IllegalStateException("block " + block + " " + otherwise);
    }
  }

  private int next(int index) {
    return index + 1 == blank.length ? 0 : index + 1;
  }
}
