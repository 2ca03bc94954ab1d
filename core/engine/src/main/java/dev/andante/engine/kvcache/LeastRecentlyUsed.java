package dev.andante.engine.kvcache;

/** Gives up what was used least recently. */
public final class LeastRecentlyUsed extends RankedEviction {

  public LeastRecentlyUsed(int blocks) {
    super(blocks);
  }

  @Override
  public void used(int block, BlockKey key, int depth) {
    // when it was released is all that counts
  }

  @Override
  double rank(int block) {
    return 0;
  }

  @Override
  void forget(int block, double rank) {
    // there is nothing to forget
  }
}
