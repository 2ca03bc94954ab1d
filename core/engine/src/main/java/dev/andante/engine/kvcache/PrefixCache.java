package dev.andante.engine.kvcache;

import java.util.function.IntPredicate;

/**
 * Lets sequences that begin alike share the blocks they begin with. Only full blocks are shared,
 * and only such as this engine computed itself or would have computed bit for bit: what comes from
 * other kernels may differ in its last bits. With row-invariant kernels ({@link
 * dev.andante.compute.Backend}) a sequence gets the very KV it would have computed, so no token
 * changes. What the pool had to give up may come back from the tiers below it.
 *
 * <p>Engine thread only.
 */
public final class PrefixCache implements CachedKv, AutoCloseable {

  /** Copies the content of one block to another. */
  @FunctionalInterface
  public interface Copier {
    void copy(int from, int to);
  }

  /** Returned by {@link #open} when there are not enough blocks. */
  public static final int NO_ROOM = -1;

  private final BlockPool pool;
  private final int blockSize;
  private final BlockHasher hasher;
  private final Copier copier;
  private final boolean on;
  private final LowerTiers below;

  /**
   * @param model what KV depends on beside the tokens: the model's fingerprint
   * @param on whether anything is shared at all
   */
  public PrefixCache(BlockPool pool, int blockSize, String model, Copier copier, boolean on) {
    this(pool, blockSize, model, copier, on, LowerTiers.NONE);
  }

  /**
   * @param model what KV depends on beside the tokens: the model's fingerprint
   * @param on whether anything is shared at all
   * @param below those of the pool; this cache's from now on, closed with it
   */
  public PrefixCache(
      BlockPool pool, int blockSize, String model, Copier copier, boolean on, LowerTiers below) {
    this.pool = pool;
    this.blockSize = blockSize;
    this.hasher = new BlockHasher(model, blockSize);
    this.copier = copier;
    this.on = on;
    this.below = below;
  }

  public boolean isOn() {
    return on;
  }

  /**
   * Fills an empty table: the longest run of known blocks that the sequence begins with, then new
   * ones until all tokens fit, the first of them loaded where that is better than to compute them.
   * The last token always remains to be computed, since nothing else tells what follows it; if its
   * block is known too, the table gets a copy of that, to write to.
   *
   * @param tokens the sequence
   * @param size how many of them are known, at least 1
   * @param spare free blocks that must be left
   * @return tokens whose KV is there, fewer than {@code size}; {@link #NO_ROOM}, and nothing
   *     changed, if there are not enough blocks
   */
  public int open(BlockTable table, int[] tokens, int size, int spare) {
    if (table.size() > 0) {
      throw new IllegalStateException("the table holds blocks already");
    }
    int hits = countHits(table, tokens, size);
    int left = pool.free() - idle(table, tokens, hits) - spare;
    if (hits * blockSize < size) {
      return left < table.missingFor(size) - hits
          ? NO_ROOM
          : Math.min(
              size - 1, load(table, tokens, size, hits, size - 1, LowerTiers.Otherwise.COMPUTED));
    }
    if (left >= 1) {
      return copyLast(table, tokens, size, hits);
    }
    // One block short of a copy. Where nobody uses the last one it may become the new one itself.
    boolean lastIsIdle = pool.references(find(table, tokens, hits - 1)) == 0;
    return left == 0 && lastIsIdle ? share(table, tokens, size, hits - 1) : NO_ROOM;
  }

  /**
   * Fills an empty table for a sequence whose KV comes from elsewhere: the longest run of known
   * blocks that it begins with, all of it where all is known, then new ones, loaded as far as the
   * memory below has them. Nothing is shared with a table of foreign content, so that what follows
   * from it depends on nobody's cache.
   *
   * @param tokens the sequence
   * @param room tokens that must fit, more than the sequence has
   * @param spare free blocks that must be left
   * @return tokens whose KV is there, in whole blocks; {@link #NO_ROOM}, and nothing changed, if
   *     there are not enough blocks
   */
  public int openToReceive(BlockTable table, int[] tokens, int room, int spare) {
    if (table.size() > 0) {
      throw new IllegalStateException("the table holds blocks already");
    }
    int hits = countHits(table, tokens, tokens.length);
    int left = pool.free() - idle(table, tokens, hits) - spare;
    return left < table.missingFor(room) - hits
        ? NO_ROOM
        : load(table, tokens, room, hits, tokens.length, LowerTiers.Otherwise.SENT);
  }

  /**
   * Fills an empty table for a sequence that goes on from what another one has: it shares the full
   * blocks, known or not, and gets a copy of the last one if that is not full, to write to; then
   * new ones. Whichever of the two ends first, the other one keeps what it has.
   *
   * @param from holds KV of the first {@code computed} tokens; stays as it is
   * @param room tokens that must fit, more than {@code computed}
   * @param spare free blocks that must be left
   * @return whether there were enough blocks; if not, nothing has changed
   */
  public boolean fork(BlockTable from, int computed, BlockTable to, int room, int spare) {
    if (to.size() > 0) {
      throw new IllegalStateException("the table holds blocks already");
    }
    int full = computed / blockSize;
    if (pool.free() - spare < to.missingFor(room) - full) {
      return false;
    }
    for (int i = 0; i < full; i++) {
      to.adopt(from.block(i));
    }
    requireRoom(to.ensure(room));
    if (computed % blockSize > 0) {
      copier.copy(from.block(full), to.block(full));
    }
    if (from.isForeign()) {
      to.contentIsForeign();
    }
    return true;
  }

  /**
   * Makes the blocks known whose tokens all have their KV.
   *
   * @param computed tokens whose KV is in the table's blocks, and final
   */
  public void publish(BlockTable table, int[] tokens, int computed) {
    if (!on || table.isForeign()) {
      return;
    }
    for (int i = table.published(); i < computed / blockSize; i++) {
      BlockKey parent = i == 0 ? hasher.root() : key(table, tokens, i - 1);
      pool.name(table.block(i), key(table, tokens, i), parent, i);
      table.published(i + 1);
    }
  }

  /** Takes note of what tiers below finished on their own since the last call. */
  public void settle() {
    below.settle();
  }

  /**
   * Looks at the tiers below; the pool is looked at by itself.
   *
   * @throws IllegalStateException describing the first inconsistency
   */
  public void checkIntegrity() {
    below.checkIntegrity();
  }

  /** Gives up the tiers below. */
  @Override
  public void close() {
    below.close();
  }

  @Override
  public Extent extent(BlockTable table, int[] tokens, int size) {
    int most = on ? (size - 1) / blockSize : 0;
    int pooled = ends(0, most, i -> find(table, tokens, i) != BlockPool.NONE);
    int all = ends(pooled, most, i -> below.inMemory(key(table, tokens, i)));
    return new Extent(pooled * blockSize, (all - pooled) * blockSize);
  }

  /**
   * Where a run of blocks ends that begins at one of them: sought at twice the distance each time
   * until one is gone, then by halves, so that few more names are made than blocks found.
   */
  private static int ends(int from, int to, IntPredicate there) {
    int known = from - 1;
    int gone = to;
    for (int step = 1; known + step < gone; step *= 2) {
      if (!there.test(known + step)) {
        gone = known + step;
        break;
      }
      known += step;
    }
    while (gone - known > 1) {
      int middle = (known + gone) >>> 1;
      if (there.test(middle)) {
        known = middle;
      } else {
        gone = middle;
      }
    }
    return known + 1;
  }

  @Override
  public long tokensInMemory() {
    return (long) below.blocksInMemory() * blockSize;
  }

  @Override
  public double loadSecondsPerToken() {
    double perBlock = below.secondsPerBlock();
    return perBlock > 0 ? perBlock / blockSize : Double.POSITIVE_INFINITY;
  }

  private int countHits(BlockTable table, int[] tokens, int size) {
    int hits = 0;
    int most = on && !table.isForeign() ? size / blockSize : 0;
    while (hits < most && find(table, tokens, hits) != BlockPool.NONE) {
      hits++;
    }
    return hits;
  }

  /** Of the known blocks, those that nobody uses: taking them makes fewer free. */
  private int idle(BlockTable table, int[] tokens, int hits) {
    int idle = 0;
    for (int i = 0; i < hits; i++) {
      idle += pool.references(find(table, tokens, i)) == 0 ? 1 : 0;
    }
    return idle;
  }

  private int find(BlockTable table, int[] tokens, int index) {
    return pool.find(key(table, tokens, index));
  }

  private BlockKey key(BlockTable table, int[] tokens, int index) {
    return table.keys().get(index, tokens, blockSize, hasher);
  }

  /**
   * Shares the first {@code hits} blocks and loads those that follow, as far as that can be.
   *
   * @param room tokens that must fit
   * @param most tokens whose KV may count as there, since it is not written again
   * @return tokens whose KV is there, in whole blocks
   */
  private int load(
      BlockTable table,
      int[] tokens,
      int room,
      int hits,
      int most,
      LowerTiers.Otherwise otherwise) {
    int end = !on || table.isForeign() ? 0 : Math.min(room, tokens.length) / blockSize;
    int loaded = 0;
    try (LowerTiers.Run run = below.claim(i -> key(table, tokens, i), hits, end, otherwise)) {
      share(table, tokens, room, hits);
      while (loaded < run.blocks() && run.load(loaded, table.block(hits + loaded))) {
        loaded++;
      }
    }
    int there = (hits + loaded) * blockSize;
    if (loaded > 0) {
      table.loaded(loaded);
      publish(table, tokens, Math.min(there, most));
    }
    return there;
  }

  private int share(BlockTable table, int[] tokens, int size, int hits) {
    for (int i = 0; i < hits; i++) {
      table.adopt(find(table, tokens, i));
    }
    requireRoom(table.ensure(size));
    return hits * blockSize;
  }

  private int copyLast(BlockTable table, int[] tokens, int size, int hits) {
    int last = find(table, tokens, hits - 1);
    pool.retain(last); // or it might be given up to make room for its copy
    try {
      share(table, tokens, size, hits - 1);
      copier.copy(last, table.block(hits - 1));
    } finally {
      pool.release(last);
    }
    return size - 1;
  }

  private static void requireRoom(boolean room) {
    if (!room) {
      throw new IllegalStateException("blocks that were counted are not there");
    }
  }
}
