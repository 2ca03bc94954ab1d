package dev.andante.engine.kvcache;

import java.util.function.IntToDoubleFunction;

/**
 * Gives up what is cheapest to compute again, unless it was used since dearer things were given up
 * (Young, "The k-server dual and loose competitiveness for paging"; algorithms.md §9): rank {@code
 * H = L + value}, where {@code L} is the rank of the last block given up, so that what is not used
 * falls behind. All blocks have the same bytes, so the value is the cost alone.
 */
public final class GreedyDual extends RankedEviction {

  private final IntToDoubleFunction cost;
  private final int[] depths;
  private double inflation;

  /**
   * @param cost of computing a block again, by the blocks before it in its sequence; positive, in
   *     whatever unit
   */
  public GreedyDual(int blocks, IntToDoubleFunction cost) {
    super(blocks);
    this.cost = cost;
    depths = new int[blocks];
  }

  @Override
  public void used(int block, BlockKey key, int depth) {
    depths[block] = depth;
  }

  @Override
  double rank(int block) {
    return inflation + cost.applyAsDouble(depths[block]);
  }

  @Override
  void forget(int block, double rank) {
    inflation = Math.max(inflation, rank);
  }
}
