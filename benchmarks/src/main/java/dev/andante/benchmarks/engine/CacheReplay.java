package dev.andante.benchmarks.engine;

import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.kvcache.EvictionPolicy;
import dev.andante.engine.kvcache.PrefixCache;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * Sends the prompts of a trace through the engine's own prefix cache, one token for each block of
 * the trace, and one more that nobody shares for what follows the prompt.
 */
final class CacheReplay {

  /**
   * What was found.
   *
   * @param blocks asked for
   * @param hits of those, found
   * @param costSaved share of the cost of computing all blocks that was saved
   * @param refused prompts that had no room
   * @param nanosPerBlock of the cache's own work
   */
  record Result(long blocks, long hits, double costSaved, int refused, double nanosPerBlock) {}

  private final BlockPool pool;
  private final PrefixCache cache;
  private final int inFlight;
  private final ArrayDeque<BlockTable> running = new ArrayDeque<>();
  private int firstUse;

  /**
   * @param inFlight prompts whose blocks are in use at once
   */
  CacheReplay(int blocks, EvictionPolicy policy, int inFlight) {
    pool = new BlockPool(blocks, policy);
    cache = new PrefixCache(pool, 1, "trace", (_, _) -> {}, true);
    this.inFlight = inFlight;
  }

  /** Where the prompt in hand begins among the uses of the trace. */
  int firstUse() {
    return firstUse;
  }

  Result run(PromptTrace trace, IntToDoubleFunction cost) {
    long hits = 0;
    double saved = 0;
    double all = 0;
    int refused = 0;
    long start = System.nanoTime();
    for (int[] prompt : trace.prompts()) {
      int found = Math.max(0, serve(prompt));
      refused += found == 0 && running.isEmpty() ? 1 : 0;
      hits += found;
      for (int depth = 0; depth < prompt.length; depth++) {
        double one = cost.applyAsDouble(depth);
        all += one;
        saved += depth < found ? one : 0;
      }
      firstUse += prompt.length;
    }
    long nanos = System.nanoTime() - start;
    while (!running.isEmpty()) {
      running.removeFirst().releaseAll();
    }
    pool.checkIntegrity(new int[pool.total()]);
    return new Result(firstUse, hits, saved / all, refused, (double) nanos / firstUse);
  }

  /** Blocks found. Without room for it, those that run come to their end one by one. */
  private int serve(int[] prompt) {
    int[] tokens = Arrays.copyOf(prompt, prompt.length + 1);
    tokens[prompt.length] = -1;
    if (running.size() == inFlight) {
      running.removeFirst().releaseAll();
    }
    BlockTable table = new BlockTable(pool, 1);
    int found = cache.open(table, tokens, tokens.length, 0);
    while (found == PrefixCache.NO_ROOM && !running.isEmpty()) {
      running.removeFirst().releaseAll();
      found = cache.open(table, tokens, tokens.length, 0);
    }
    if (found != PrefixCache.NO_ROOM) {
      cache.publish(table, tokens, prompt.length);
      running.addLast(table);
    }
    return found;
  }
}
