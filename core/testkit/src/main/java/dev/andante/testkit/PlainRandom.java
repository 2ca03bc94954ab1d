package dev.andante.testkit;

import java.util.Random;

/**
 * The numbers of {@link Random} of the same seed, for one thread: the millions of them that the
 * conformance suite draws for each backend cost more with that class's locks than what is tested
 * with them.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // what it is for
final class PlainRandom extends Random {

  private static final long serialVersionUID = 1;
  private static final long MULTIPLIER = 0x5DEECE66DL;
  private static final long INCREMENT = 0xB;
  private static final long MASK = (1L << 48) - 1;
  private static final double UNIT = 0x1p-53;

  private long state;
  private double nextGaussian;
  private boolean haveNextGaussian;

  PlainRandom(long seed) {
    super(seed);
  }

  /** Called by the constructor, too. */
  @Override
  public void setSeed(long seed) {
    state = (seed ^ MULTIPLIER) & MASK;
    haveNextGaussian = false;
  }

  @Override
  protected int next(int bits) {
    state = (state * MULTIPLIER + INCREMENT) & MASK;
    return (int) (state >>> (48 - bits));
  }

  @Override
  public double nextDouble() {
    return (((long) next(26) << 27) + next(27)) * UNIT;
  }

  /** Marsaglia's polar method, as {@link Random#nextGaussian} specifies it. */
  @Override
  public double nextGaussian() {
    if (haveNextGaussian) {
      haveNextGaussian = false;
      return nextGaussian;
    }
    double first;
    double second;
    double square;
    do {
      first = 2 * nextDouble() - 1;
      second = 2 * nextDouble() - 1;
      square = first * first + second * second;
    } while (square >= 1 || square == 0);
    double factor = StrictMath.sqrt(-2 * StrictMath.log(square) / square);
    nextGaussian = second * factor;
    haveNextGaussian = true;
    return first * factor;
  }
}
