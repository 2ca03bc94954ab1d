package dev.andante.compute.vector;

import jdk.incubator.vector.FloatVector;

/**
 * Dot products of rows with f32 weights, register-blocked. The order of sums does not depend on the
 * block: one vector of partial sums for each product.
 */
final class FloatProducts {

  private FloatProducts() {}

  /** One row with dense outputs {@code w[o * n …]}, three at a time, to {@code dots[0 …]}. */
  static void oneRow(float[] x, int xAt, float[] w, int n, int outputs, float[] dots) {
    int last = outputs - 1;
    for (int o = 0; o < outputs; o += 3) {
      int w1 = Math.min(o + 1, last) * n;
      int w2 = Math.min(o + 2, last) * n;
      oneByThree(x, xAt, w, o * n, w1, w2, n, dots, o, outputs - o);
    }
  }

  /**
   * One row with three outputs.
   *
   * @param n padded inputs, a multiple of the lane count
   * @param wanted how many of the three are stored to {@code dots[at …]}; the others may be repeats
   */
  static void oneByThree(
      float[] x,
      int xAt,
      float[] w,
      int w0,
      int w1,
      int w2,
      int n,
      float[] dots,
      int at,
      int wanted) {
    FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
      s0 = v.fma(FloatVector.fromArray(Lanes.FLOATS, w, w0 + i), s0);
      s1 = v.fma(FloatVector.fromArray(Lanes.FLOATS, w, w1 + i), s1);
      s2 = v.fma(FloatVector.fromArray(Lanes.FLOATS, w, w2 + i), s2);
    }
    dots[at] = Lanes.sum(s0);
    if (wanted > 1) {
      dots[at + 1] = Lanes.sum(s1);
    }
    if (wanted > 2) {
      dots[at + 2] = Lanes.sum(s2);
    }
  }

  /**
   * Four rows with two outputs: more sums than eight would not stay in 16 registers, to {@code
   * dots[at + row * stride + output]}: all eight, of which the caller drops repeats.
   */
  static void fourByTwo(
      float[] x,
      int x0,
      int x1,
      int x2,
      int x3,
      float[] w,
      int w0,
      int w1,
      int n,
      float[] dots,
      int at,
      int stride) {
    FloatVector s00 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s01 = s00;
    FloatVector s10 = s00;
    FloatVector s11 = s00;
    FloatVector s20 = s00;
    FloatVector s21 = s00;
    FloatVector s30 = s00;
    FloatVector s31 = s00;
    for (int i = 0; i < n; i += Lanes.COUNT) {
      FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, w, w0 + i);
      FloatVector v1 = FloatVector.fromArray(Lanes.FLOATS, w, w1 + i);
      FloatVector r = FloatVector.fromArray(Lanes.FLOATS, x, x0 + i);
      s00 = r.fma(v0, s00);
      s01 = r.fma(v1, s01);
      r = FloatVector.fromArray(Lanes.FLOATS, x, x1 + i);
      s10 = r.fma(v0, s10);
      s11 = r.fma(v1, s11);
      r = FloatVector.fromArray(Lanes.FLOATS, x, x2 + i);
      s20 = r.fma(v0, s20);
      s21 = r.fma(v1, s21);
      r = FloatVector.fromArray(Lanes.FLOATS, x, x3 + i);
      s30 = r.fma(v0, s30);
      s31 = r.fma(v1, s31);
    }
    dots[at] = Lanes.sum(s00);
    dots[at + 1] = Lanes.sum(s01);
    dots[at + stride] = Lanes.sum(s10);
    dots[at + stride + 1] = Lanes.sum(s11);
    dots[at + 2 * stride] = Lanes.sum(s20);
    dots[at + 2 * stride + 1] = Lanes.sum(s21);
    dots[at + 3 * stride] = Lanes.sum(s30);
    dots[at + 3 * stride + 1] = Lanes.sum(s31);
  }
}
