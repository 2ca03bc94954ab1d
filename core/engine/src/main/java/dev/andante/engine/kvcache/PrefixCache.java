package dev.andante.engine.kvcache;

/**
 * Lets sequences that begin alike share the blocks they begin with. Only full blocks are shared,
 * and only such as this engine computed itself or would have computed bit for bit: what comes from
 * other kernels may differ in its last bits. With row-invariant kernels ({@link
 * dev.andante.compute.Backend}) a sequence gets the very KV it would have computed, so no token
 * changes.
 *
 * <p>Engine thread only.
 */
public final class PrefixCache {

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

  /**
   * @param model what KV depends on beside the tokens: the model's fingerprint
   * @param on whether anything is shared at all
   */
  public PrefixCache(BlockPool pool, int blockSize, String model, Copier copier, boolean on) {
    this.pool = pool;
    this.blockSize = blockSize;
    this.hasher = new BlockHasher(model, blockSize);
    this.copier = copier;
    this.on = on;
  }

  public boolean isOn() {
    return on;
  }

  /**
   * Fills an empty table: the longest run of known blocks that the sequence begins with, then new
   * ones until all tokens fit. The last token always remains to be computed, since nothing else
   * tells what follows it; if its block is known too, the table gets a copy of that, to write to.
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
      return left < table.missingFor(size) - hits ? NO_ROOM : share(table, tokens, size, hits);
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
   * blocks that it begins with, all of it where all is known, then new ones. Nothing is shared with
   * a table of foreign content, so that what follows from it depends on nobody's cache.
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
    return left < table.missingFor(room) - hits ? NO_ROOM : share(table, tokens, room, hits);
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
      BlockKey parent = i == 0 ? hasher.root() : table.keys().get(i - 1, tokens, blockSize, hasher);
      pool.name(table.block(i), table.keys().get(i, tokens, blockSize, hasher), parent, i);
      table.published(i + 1);
    }
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
    return pool.find(table.keys().get(index, tokens, blockSize, hasher));
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
