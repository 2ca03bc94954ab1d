package dev.andante.benchmarks.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a cache of equal slots would do that knows the future (Belady): on a miss with all slots
 * full, what is used again last goes. It may give up any block at any time, in use or not, and one
 * that others continue, so no engine reaches it quite.
 *
 * @param hits of all uses
 * @param discards for each use, whether its content is given up before it is used again
 */
record Optimum(int hits, boolean[] discards) {

  static Optimum of(int[] uses, int slots) {
    int[] next = next(uses);
    boolean[] discards = new boolean[uses.length];
    Map<Integer, Integer> lastUse = new HashMap<>(); // of the contents held
    TreeMap<Long, Integer> byNextUse = new TreeMap<>(); // those contents
    int hits = 0;
    for (int at = 0; at < uses.length; at++) {
      Integer last = lastUse.remove(uses[at]);
      if (last != null) {
        hits++;
        byNextUse.remove(order(next[last], last));
      } else if (lastUse.size() == slots) {
        int victim = byNextUse.pollLastEntry().getValue();
        discards[lastUse.remove(victim)] = true;
      }
      lastUse.put(uses[at], at);
      byNextUse.put(order(next[at], at), uses[at]);
    }
    return new Optimum(hits, discards);
  }

  /** Next use first; distinct for contents that are never used again. */
  private static long order(int next, int at) {
    return (long) next << 32 | at;
  }

  private static int[] next(int[] uses) {
    int[] next = new int[uses.length];
    Arrays.fill(next, Integer.MAX_VALUE);
    Map<Integer, Integer> later = new HashMap<>();
    for (int at = uses.length - 1; at >= 0; at--) {
      Integer found = later.put(uses[at], at);
      next[at] = found == null ? Integer.MAX_VALUE : found;
    }
    return next;
  }
}
