package dev.andante.compute.onednn;

/**
 * How many blocks of outputs make a chunk: what one task multiplies for one row. Affects speed
 * only.
 */
final class ChunkPlan {

  /** So that a chunk stays in a core's second-level cache while rows pass by. */
  private static final long MOST_BYTES = 384 * 1024;

  /** What a call costs beside reading weights, in bytes that could have been read. */
  private static final long CALL_BYTES = 5 * 1024;

  private ChunkPlan() {}

  /**
   * Blocks for each chunk such that all threads together are done soonest with one row, and with
   * two chunks a thread at least, so that a thread that is held up holds up little.
   *
   * @param blocks of the weight
   * @param blockBytes bytes of one
   */
  static int blocksPerChunk(int blocks, long blockBytes, int threads) {
    int best = 1;
    long bestCost = Long.MAX_VALUE;
    for (int each = 1; each <= blocks && each * blockBytes <= MOST_BYTES; each++) {
      int chunks = (blocks + each - 1) / each;
      if (each > 1 && chunks < 2 * threads) {
        break;
      }
      int rounds = (chunks + threads - 1) / threads;
      long cost = rounds * (each * blockBytes + CALL_BYTES);
      if (cost < bestCost) {
        bestCost = cost;
        best = each;
      }
    }
    return best;
  }
}
