package dev.andante.compute.ckernels;

/** How the groups of outputs of a weight are shared out to tasks. */
final class GroupShares {

  private GroupShares() {}

  /** Where a share of groups begins, and that before it ends. */
  static int first(int groups, int share, int shares) {
    return (int) ((long) groups * share / shares);
  }

  /**
   * The share that the task taken as number {@code index} computes. Threads take tasks in turn, so
   * each thread's shares lie side by side: the beginning of its next one has been asked for when it
   * gets there.
   *
   * @param threads that take tasks
   */
  static int inTurn(int index, int shares, int threads) {
    int turn = index % threads;
    return turn * (shares / threads) + Math.min(turn, shares % threads) + index / threads;
  }
}
