package dev.andante.engine.kvcache;

import java.util.HashSet;
import java.util.Set;

/**
 * The best that a cache of equal slots can do, written to be read: on a miss with all slots full,
 * what is used again last goes.
 *
 * @param misses of the whole trace
 * @param discards for each use, whether its content is given up before it is used again
 */
record Belady(int misses, boolean[] discards) {

  static Belady of(int[] trace, int slots) {
    Set<Integer> held = new HashSet<>();
    boolean[] discards = new boolean[trace.length];
    int misses = 0;
    for (int at = 0; at < trace.length; at++) {
      if (!held.contains(trace[at])) {
        misses++;
        if (held.size() == slots) {
          int victim = usedLast(held, trace, at);
          held.remove(victim);
          discards[lastUse(trace, victim, at)] = true;
        }
        held.add(trace[at]);
      }
    }
    return new Belady(misses, discards);
  }

  private static int usedLast(Set<Integer> held, int[] trace, int now) {
    int victim = -1;
    int latest = -1;
    for (int page : held) {
      int next = now + 1;
      while (next < trace.length && trace[next] != page) {
        next++;
      }
      if (next > latest) {
        latest = next;
        victim = page;
      }
    }
    return victim;
  }

  private static int lastUse(int[] trace, int page, int now) {
    int at = now - 1;
    while (trace[at] != page) {
      at--;
    }
    return at;
  }
}
