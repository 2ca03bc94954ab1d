package dev.andante.simulator.cost;

/**
 * A model on a machine.
 *
 * @param blockSize tokens per KV block
 * @param blocks that fit the memory
 * @param hostBlocks that fit the memory below it, which the host has; 0 = none
 * @param copySeconds of a block to the host's memory or back, while nothing else runs
 * @param maxSequences requests that run at once
 * @param chunkTokens rows of a step where prompts are cut into chunks (Sarathi)
 * @param wholeTokens rows of a step where they are not, unless they are longer than this
 */
public record Profile(
    String name,
    StepCost cost,
    int blockSize,
    int blocks,
    int hostBlocks,
    double copySeconds,
    int maxSequences,
    int chunkTokens,
    int wholeTokens) {

  public Profile {
    if (blockSize < 1 || blocks < 1 || maxSequences < 1 || chunkTokens < 1 || wholeTokens < 1) {
      throw new IllegalArgumentException("a profile's sizes must be at least 1: " + name);
    }
    if (hostBlocks < 0 || !(copySeconds >= 0)) {
      throw new IllegalArgumentException("a profile has no negative memory or times: " + name);
    }
  }

  /** KV tokens that fit the memory. */
  public long kvTokens() {
    return (long) blockSize * blocks;
  }

  /** Whether a request of so many tokens in all, prompt and answer, can ever be served. */
  public boolean holds(long totalTokens) {
    return totalTokens <= kvTokens();
  }

  public Profile withCost(StepCost other) {
    return with(other, blocks, hostBlocks, copySeconds, maxSequences);
  }

  public Profile withMemory(long kvTokens) {
    return with(cost, blocksOf(kvTokens, 1), hostBlocks, copySeconds, maxSequences);
  }

  /**
   * @param kvTokens that fit the host's memory
   * @param copySecondsPerBlock of each of its blocks
   */
  public Profile withHost(long kvTokens, double copySecondsPerBlock) {
    return with(cost, blocks, blocksOf(kvTokens, 0), copySecondsPerBlock, maxSequences);
  }

  public Profile withMaxSequences(int count) {
    return with(cost, blocks, hostBlocks, copySeconds, count);
  }

  private int blocksOf(long kvTokens, int least) {
    return Math.clamp(kvTokens / blockSize, least, Integer.MAX_VALUE / blockSize);
  }

  private Profile with(
      StepCost newCost, int count, int hostCount, double newCopySeconds, int newMaxSequences) {
    return new Profile(
        name,
        newCost,
        blockSize,
        count,
        hostCount,
        newCopySeconds,
        newMaxSequences,
        chunkTokens,
        wholeTokens);
  }
}
