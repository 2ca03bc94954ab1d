package dev.andante.engine.tiers;

/** What was loaded of one sequence from one tier. */
final class LoadTally {

  private final TierNews news;
  private int blocks;
  private long nanos;

  LoadTally(TierNews news) {
    this.news = news;
  }

  void add(boolean loaded, long took) {
    blocks += loaded ? 1 : 0;
    nanos += took;
  }

  void tell() {
    if (blocks > 0) {
      news.loaded(blocks, nanos);
    }
  }
}
