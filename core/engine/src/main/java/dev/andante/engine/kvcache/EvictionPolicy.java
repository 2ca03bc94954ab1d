package dev.andante.engine.kvcache;

/**
 * Which block that is kept, and that nobody uses, is given up first. It is told who is used, and
 * which blocks it may choose from: those that nobody uses and that nothing kept continues, the
 * leaves of the tree of prefixes. One in use cannot be chosen.
 *
 * <p>In the order of a block's life: {@link #used} once or more, {@link #released}, at once or
 * later {@link #add}, then {@link #evict}, or {@link #remove} when it is used again or continued.
 * Engine thread only.
 */
public interface EvictionPolicy {

  /**
   * A sequence begins to use the block: it computed and named it just now, or it found it.
   *
   * @param key what the block holds
   * @param depth blocks before it in its sequence
   */
  void used(int block, BlockKey key, int depth);

  /** Nobody uses the block any more, but its content is kept. */
  void released(int block);

  /** The block may be chosen from now on. It was released before. */
  void add(int block);

  /** The block may not be chosen any more. */
  void remove(int block);

  /** Chooses the block to give up, and forgets it. There is at least one. */
  int evict();

  /** Whether it may be chosen. */
  boolean contains(int block);

  /** Blocks to choose from. */
  int size();
}
