package dev.andante.engine.kvcache;

/**
 * Which block that is kept, and that nobody uses, is given up first. Told of every such block; one
 * in use is none of its business and cannot be chosen. Engine thread only.
 */
public interface EvictionPolicy {

  /** Nobody uses the block any more, but its content is kept. */
  void add(int block);

  /** The block is used again. */
  void remove(int block);

  /** Chooses the block to give up, and forgets it. There is at least one. */
  int evict();

  boolean contains(int block);

  /** Blocks to choose from. */
  int size();
}
