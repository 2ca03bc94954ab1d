package dev.andante.engine.kvcache;

/** Guesses, each time a block is used, whether keeping it will be in vain. Engine thread only. */
@FunctionalInterface
public interface DiscardPredictor {

  /**
   * Called once for each use, which it may learn from.
   *
   * @param depth blocks before it in its sequence
   * @return the discard bit: true if the content will probably not be used again before whoever
   *     knows the future would have given it up
   */
  boolean discards(BlockKey key, int depth);
}
