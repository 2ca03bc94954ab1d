package dev.andante.compute.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns rows so that no element stands out: each block of elements, with fixed signs, goes through
 * the Walsh-Hadamard transform. It is orthogonal but for a factor: the product of two turned rows
 * is that of the rows times the length of a block. A row whose largest element is far from the
 * others loses much when it is rounded to a few steps of the largest; turned, it does not (as in
 * QuaRot, Ashkboos and others 2024).
 */
public final class Rotation {

  private static final int LONGEST = 128;
  private static final int SHORTEST = 64;

  private static final float[] SIGNS = signs();
  private static final float[] PLUS_MINUS_1 = plusMinus(1);
  private static final float[] PLUS_MINUS_2 = plusMinus(2);
  private static final float[] PLUS_MINUS_4 = plusMinus(4);
  private static final float[] PLUS_MINUS_8 = plusMinus(8);
  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(Math.min(4, Lanes.COUNT / 2));
  private static final VectorShuffle<Float> SWAP_8 = swap(Math.min(8, Lanes.COUNT / 2));

  private Rotation() {}

  private static float[] signs() {
    float[] signs = new float[LONGEST];
    for (int i = 0; i < LONGEST; i++) {
      signs[i] = i * 0x9E3779B1 < 0 ? -1 : 1; // any pattern that no row is likely to have
    }
    return signs;
  }

  /** Plus where the lower of two lanes that are {@code by} apart is, minus for the upper. */
  private static float[] plusMinus(int by) {
    float[] signs = new float[Lanes.COUNT];
    for (int lane = 0; lane < Lanes.COUNT; lane++) {
      signs[lane] = (lane & by) == 0 ? 1 : -1;
    }
    return signs;
  }

  private static VectorShuffle<Float> swap(int by) {
    return VectorShuffle.fromOp(Lanes.FLOATS, lane -> lane ^ by);
  }

  /**
   * How many elements of a row of n are mixed with each other; 1 if n has no such divisor and its
   * rows cannot be turned.
   */
  public static int block(int n) {
    for (int block = LONGEST; block >= SHORTEST; block /= 2) {
      if (n % block == 0) {
        return block;
      }
    }
    return 1;
  }

  /**
   * Turns {@code x[at … at + n)} to {@code target[0 … n)}; target may be x if at is 0. n has a
   * {@link #block} of more than one.
   */
  public static void turn(float[] x, int at, int n, float[] target) {
    withinVectors(x, at, n, target);
    int block = block(n);
    for (int distance = Lanes.COUNT; distance < block; distance *= 2) {
      for (int pair = 0; pair < n; pair += 2 * distance) {
        for (int i = pair; i < pair + distance; i += Lanes.COUNT) {
          FloatVector a = FloatVector.fromArray(Lanes.FLOATS, target, i);
          FloatVector b = FloatVector.fromArray(Lanes.FLOATS, target, i + distance);
          a.add(b).intoArray(target, i);
          a.sub(b).intoArray(target, i + distance);
        }
      }
    }
  }

  /** The steps between elements that one vector holds. */
  private static void withinVectors(float[] x, int at, int n, float[] target) {
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector v =
          FloatVector.fromArray(Lanes.FLOATS, x, at + i)
              .mul(FloatVector.fromArray(Lanes.FLOATS, SIGNS, i % LONGEST));
      v = v.mul(FloatVector.fromArray(Lanes.FLOATS, PLUS_MINUS_1, 0)).add(v.rearrange(SWAP_1));
      v = v.mul(FloatVector.fromArray(Lanes.FLOATS, PLUS_MINUS_2, 0)).add(v.rearrange(SWAP_2));
      if (Lanes.COUNT >= 8) {
        v = v.mul(FloatVector.fromArray(Lanes.FLOATS, PLUS_MINUS_4, 0)).add(v.rearrange(SWAP_4));
      }
      if (Lanes.COUNT >= 16) {
        v = v.mul(FloatVector.fromArray(Lanes.FLOATS, PLUS_MINUS_8, 0)).add(v.rearrange(SWAP_8));
      }
      v.intoArray(target, i);
    }
  }
}
