package dev.andante.engine.kvcache;

import java.util.function.IntFunction;

/**
 * Where the content of blocks goes that the pool gives up, and from where it may come back, bit for
 * bit. Whatever is there may be gone the next time, which is a miss and nothing worse. Engine
 * thread only.
 */
public interface LowerTiers extends AutoCloseable {

  /** How tokens get their KV if it is not loaded. */
  enum Otherwise {
    /** This engine computes it. */
    COMPUTED,
    /** Another engine sends what it computes in any case. */
    SENT
  }

  /** Nothing below the pool. */
  LowerTiers NONE =
      new LowerTiers() {
        @Override
        public void offer(int block, BlockKey key, BlockKey parent, int depth) {}

        @Override
        public Run claim(IntFunction<BlockKey> keys, int from, int to, Otherwise otherwise) {
          return Run.NOTHING;
        }

        @Override
        public boolean inMemory(BlockKey key) {
          return false;
        }

        @Override
        public int blocksInMemory() {
          return 0;
        }

        @Override
        public double secondsPerBlock() {
          return 0;
        }

        @Override
        public void settle() {}

        @Override
        public void checkIntegrity() {}

        @Override
        public void close() {}
      };

  /**
   * The pool gives up a block, whose content is still in it until this returns.
   *
   * @param parent the name of what comes before it in its sequence
   * @param depth blocks before it
   */
  void offer(int block, BlockKey key, BlockKey parent, int depth);

  /**
   * Holds what is there of a sequence, as far as loading it is the better way; until the run is
   * closed, whatever else is offered.
   *
   * @param keys the names of the sequence's blocks
   * @param from the first block wanted
   * @param to the first block not wanted
   */
  Run claim(IntFunction<BlockKey> keys, int from, int to, Otherwise otherwise);

  /**
   * Whether memory below the pool has a block. It may be gone later, and does not count as used.
   */
  boolean inMemory(BlockKey key);

  /** Blocks that fit the memory below the pool. */
  int blocksInMemory();

  /**
   * What loading a block from memory is expected to take: what it took lately, or less if it was
   * refused for being dear since; 0 = not known.
   */
  double secondsPerBlock();

  /** Takes note of what was finished elsewhere since the last call. */
  void settle();

  /**
   * @throws IllegalStateException describing the first inconsistency
   */
  void checkIntegrity();

  /** Gives everything up. */
  @Override
  void close();

  /** Consecutive blocks of a sequence that can be loaded. */
  interface Run extends AutoCloseable {

    /** No blocks. */
    Run NOTHING =
        new Run() {
          @Override
          public int blocks() {
            return 0;
          }

          @Override
          public boolean load(int index, int block) {
            return false;
          }

          @Override
          public void close() {}
        };

    int blocks();

    /**
     * Copies the content of the run's block {@code index} to {@code block} of the pool; false if it
     * is gone or damaged, and what is in {@code block} is void.
     */
    boolean load(int index, int block);

    @Override
    void close();
  }
}
