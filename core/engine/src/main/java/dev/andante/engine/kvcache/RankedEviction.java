package dev.andante.engine.kvcache;

/**
 * Gives up the block of lowest rank and, of those, the one released longest ago. The rank of a
 * block is asked for when it is released. The blocks of one sequence come back last one first, so a
 * prefix outlives what continues it. All operations take logarithmic time.
 */
abstract sealed class RankedEviction implements EvictionPolicy
    permits LeastRecentlyUsed, LeastFrequentlyUsed, GreedyDual, DiscardBit {

  private final BlockHeap heap;
  private long clock;

  RankedEviction(int blocks) {
    heap = new BlockHeap(blocks);
  }

  /** Low ones go first. */
  abstract double rank(int block);

  /** The block was given up; whatever is known of it is void. */
  abstract void forget(int block, double rank);

  @Override
  public void released(int block) {
    heap.time(block, clock++);
    heap.rank(block, rank(block));
  }

  @Override
  public void add(int block) {
    heap.add(block);
  }

  @Override
  public void remove(int block) {
    heap.remove(block);
  }

  @Override
  public int evict() {
    int block = heap.poll();
    forget(block, heap.rank(block));
    return block;
  }

  @Override
  public boolean contains(int block) {
    return heap.contains(block);
  }

  @Override
  public int size() {
    return heap.size();
  }

  /** Asks for the rank of a block again. */
  final void rankAgain(int block) {
    heap.rank(block, rank(block));
  }
}
