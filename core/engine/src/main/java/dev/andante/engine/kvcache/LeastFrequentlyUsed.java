package dev.andante.engine.kvcache;

/**
 * Gives up what was used by the fewest sequences since it was computed, of those what was used
 * least recently. Nothing ages: what was often used once stays until it is the rarest.
 */
public final class LeastFrequentlyUsed extends RankedEviction {

  private final int[] uses;

  public LeastFrequentlyUsed(int blocks) {
    super(blocks);
    uses = new int[blocks];
  }

  @Override
  public void used(int block, BlockKey key, int depth) {
    uses[block]++;
  }

  @Override
  double rank(int block) {
    return uses[block];
  }

  @Override
  void forget(int block, double rank) {
    uses[block] = 0;
  }
}
