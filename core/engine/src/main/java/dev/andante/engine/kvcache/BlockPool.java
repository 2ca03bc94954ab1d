package dev.andante.engine.kvcache;

import java.util.Arrays;
import java.util.function.Consumer;

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
  private final NamedBlocks named;

  public BlockPool(int blocks) {
    this(blocks, new LeastRecentlyUsed(Math.max(0, blocks)));
  }

  /**
   * @param eviction empty, and this pool's from now on
   */
  public BlockPool(int blocks, EvictionPolicy eviction) {
    this(blocks, eviction, _ -> {});
  }

  /**
   * @param eviction empty, and this pool's from now on
   * @param events called for each name that comes and goes, by whoever calls the pool
   */
  public BlockPool(int blocks, EvictionPolicy eviction, Consumer<? super KvEvent> events) {
    this(blocks, eviction, events, LowerTiers.NONE);
  }

  /**
   * @param eviction empty, and this pool's from now on
   * @param events called for each name that comes and goes, by whoever calls the pool
   * @param below offered each block with a name that is given up, before others get it
   */
  public BlockPool(
      int blocks, EvictionPolicy eviction, Consumer<? super KvEvent> events, LowerTiers below) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a pool has at least 1 block, not " + blocks);
    }
    references = new int[blocks];
    blank = new int[blocks];
    Arrays.setAll(blank, i -> i);
    blankCount = blocks;
    named = new NamedBlocks(blocks, eviction, events, below);
  }

  public int total() {
    return references.length;
  }

  /** Blocks that nobody owns, kept ones included. */
  public int free() {
    return blankCount + named.kept();
  }

  /** Of the free ones, those whose content is kept. */
  public int kept() {
    return named.kept();
  }

  /** A block with one reference, or {@link #NONE}. */
  public int allocate() {
    int block;
    if (blankCount > 0) {
      block = blank[firstBlank];
      firstBlank = next(firstBlank);
      blankCount--;
    } else if (named.kept() > 0) {
      block = named.evict();
    } else {
      return NONE;
    }
    references[block] = 1;
    return block;
  }

  /** One more owner of a block that is owned or kept. */
  public void retain(int block) {
    boolean isNamed = named.has(block);
    if (references[block] == 0 && !isNamed) {
      throw new IllegalStateException("block " + block + " is not allocated");
    }
    if (isNamed) {
      named.use(block);
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
    if (named.has(block)) {
      named.keep(block);
    } else {
      blank[(firstBlank + blankCount) % blank.length] = block;
      blankCount++;
    }
  }

  public int references(int block) {
    return references[block];
  }

  /**
   * Names the content of an owned block, which must not change any more; no effect if another block
   * has that name.
   *
   * @param parent the name of what comes before it in its sequence
   * @param depth blocks before it
   */
  void name(int block, BlockKey key, BlockKey parent, int depth) {
    if (references[block] == 0) {
      throw new IllegalStateException("block " + block + " is not allocated");
    }
    named.name(block, key, parent, depth);
  }

  /** The block of that name, or {@link #NONE}. */
  int find(BlockKey key) {
    return named.find(key);
  }

  /** Whether the block's content has a name, and so must not change. */
  public boolean named(int block) {
    return named.has(block);
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
    for (int block = 0; block < total(); block++) {
      require(
          references[block] == owned[block],
          block,
          "has " + references[block] + " references, " + owned[block] + " owners");
      int states =
          (isBlank[block] ? 1 : 0)
              + (references[block] > 0 ? 1 : 0)
              + (named.isKept(block) ? 1 : 0);
      require(states == 1, block, states == 0 ? "is lost" : "is in " + states + " states");
      require(!named.has(block) || !isBlank[block], block, "is blank and named");
    }
    named.checkIntegrity();
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
