package dev.andante.engine;

import dev.andante.qoe.latency.DecodeCoefficients;

/**
 * A snapshot that can be read at any time without waiting for the engine loop.
 *
 * @param running requests in the batch
 * @param waiting requests without a place in the batch: new, paused or preempted
 * @param freeBlocks allocatable now: blocks that nobody uses, those included whose content the
 *     prefix cache keeps, since it gives them up when they are needed. At idle all blocks are free
 * @param cachedBlocks of those, how many have content that is kept
 * @param totalBlocks of the pool
 * @param reservedBlocks held by transfers not yet joined
 * @param queuedPromptTokens prompt tokens accepted and not yet computed
 * @param stepCost seconds that a step takes: its own, for each row, and for each pair of a row and
 *     a token that it attends to; learnt from the steps so far
 * @param stepsObserved how many steps that rests on; 0 = it is a guess
 */
public record EngineStatus(
    int running,
    int waiting,
    int freeBlocks,
    int cachedBlocks,
    int totalBlocks,
    int reservedBlocks,
    long queuedPromptTokens,
    DecodeCoefficients stepCost,
    long stepsObserved) {

  /** Of an engine that does not run. */
  public static final EngineStatus NONE =
      new EngineStatus(0, 0, 0, 0, 0, 0, 0, new DecodeCoefficients(0, 0, 0), 0);
}
