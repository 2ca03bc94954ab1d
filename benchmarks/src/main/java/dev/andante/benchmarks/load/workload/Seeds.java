package dev.andante.benchmarks.load.workload;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Random numbers that depend on a seed and on what they are for, and on nothing drawn before. */
public final class Seeds {

  private Seeds() {}

  /** A generator of its own for each pair. */
  public static RandomGenerator random(long seed, long purpose) {
    return new SplittableRandom(mix(seed + mix(purpose)));
  }

  /** The finaliser of MurmurHash3. */
  private static long mix(long value) {
    long z = value + 0x2545F4914F6CDD1DL;
    z = (z ^ (z >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }
}
