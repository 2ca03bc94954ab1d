package dev.andante.engine.kvcache;

/** What a sequence would find if it started now. Engine thread only. */
public interface CachedKv {

  /** Nothing is found, and nothing kept. */
  CachedKv NONE =
      new CachedKv() {
        @Override
        public Extent extent(BlockTable table, int[] tokens, int size) {
          return new Extent(0, 0);
        }

        @Override
        public long tokensInMemory() {
          return 0;
        }

        @Override
        public double loadSecondsPerToken() {
          return Double.POSITIVE_INFINITY;
        }
      };

  /**
   * Leading tokens of a sequence whose KV is there, in whole blocks.
   *
   * @param pooled in the pool, to be shared
   * @param inMemory those that follow, in memory below the pool, to be loaded
   */
  record Extent(int pooled, int inMemory) {}

  /**
   * Asks for a sequence without blocks; nothing changes by it. What begins a sequence outlives what
   * continues it, so not every block is looked for: an estimate.
   *
   * @param table the sequence's, of which only the names it knows are used
   * @param size tokens that are known, at least 1; the last one is never found
   */
  Extent extent(BlockTable table, int[] tokens, int size);

  /** Tokens whose KV fits the memory below the pool. */
  long tokensInMemory();

  /** What loading from that memory is expected to take; infinite while that is not known. */
  double loadSecondsPerToken();
}
