package dev.andante.engine;

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
 */
public record EngineStatus(
    int running,
    int waiting,
    int freeBlocks,
    int cachedBlocks,
    int totalBlocks,
    int reservedBlocks,
    long queuedPromptTokens) {}
