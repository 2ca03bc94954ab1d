package dev.andante.compute.ckernels;

/** How the groups of outputs of a weight are shared out to tasks. */
final class GroupShares {

  private GroupShares() {}

  /** Where a share of groups begins, and that before it ends. */
  static int first(int groups, int share, int shares) {
    return (int) ((long) groups * share / shares);
  }
}
