package dev.andante.benchmarks.ceilings;

import java.util.Set;

/**
 * Measures ceilings with one library or instruction set. Found by {@link java.util.ServiceLoader}.
 * Looking at one must be cheap and never throw; sampling may take memory and up to about a second.
 */
public interface CeilingProbe {

  /** Memory that no cache holds. */
  long DRAM_BYTES = 512L << 20;

  /** Short name for results: {@code vector}, {@code onednn}, {@code native}. */
  String source();

  /** What it can measure here; empty if its library or instructions are missing. */
  Set<Ceiling> kinds();

  /**
   * One sample, GB/s or GFLOP/s, of {@code threads} threads together. The first one of a process
   * may be low: code is compiled, memory is touched for the first time.
   *
   * @param kind one of {@link #kinds}
   * @param bytes for {@link Ceiling#READ}: how much memory all threads together go through, again
   *     and again
   */
  double sample(Ceiling kind, int threads, long bytes);
}
