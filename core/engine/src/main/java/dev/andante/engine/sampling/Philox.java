package dev.andante.engine.sampling;

/**
 * Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11): a keyed
 * bijection of a 128-bit counter. Having no state, it gives every (seed, position) its own number,
 * whatever was drawn before.
 */
public final class Philox {

  private static final long M0 = 0xD2511F53L;
  private static final long M1 = 0xCD9E8D57L;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final double TWO_POW_MINUS_53 = 0x1p-53;

  private final int[] counter = new int[4];
  private final int[] block = new int[4];

  /** Encrypts {@code counter} (4 words, low first) under the 64-bit key into {@code out}. */
  static void generate(int[] counter, int key0, int key1, int[] out) {
    int c0 = counter[0];
    int c1 = counter[1];
    int c2 = counter[2];
    int c3 = counter[3];
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = M0 * (c0 & 0xFFFFFFFFL);
      long p1 = M1 * (c2 & 0xFFFFFFFFL);
      int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      c0 = n0;
      c2 = n2;
      k0 += W0;
      k1 += W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  /** The number in [0, 1), 53 bits, that belongs to a position of the stream with this seed. */
  public double uniform(long seed, long position) {
    counter[0] = (int) position;
    counter[1] = (int) (position >>> 32);
    generate(counter, (int) seed, (int) (seed >>> 32), block);
    long bits = ((block[0] & 0xFFFFFFFFL) << 21) | (block[1] >>> 11);
    return bits * TWO_POW_MINUS_53;
  }
}
