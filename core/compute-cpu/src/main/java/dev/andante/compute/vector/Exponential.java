package dev.andante.compute.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code e^x} in f32, within two units in the last place. The same bits whether interpreted or
 * compiled, unlike {@link VectorOperators#EXP}.
 *
 * <p>{@code x = n ln 2 + r} with {@code |r| <= ln 2 / 2}, ln 2 in two parts so that {@code n ln 2}
 * is exact; {@code e^r} by the polynomial of Cephes' expf; {@code 2^n} by adding to the exponent.
 */
final class Exponential {

  private static final float LOG2_E = 1.442695f;
  private static final float LN2_HIGH = 355f / 512;
  private static final float LN2_LOW = -0.00021219444f;

  /** Adding it leaves the nearest integer in the low bits of the fraction. */
  private static final float ROUND = 0x1.8p23f;

  private static final float SMALLEST = -87.3f;
  private static final float LARGEST = 88.3f;

  private Exponential() {}

  /**
   * In place on {@code x[from … from + n)}, n a multiple of the lane count. Below -87.3 the result
   * is 0, above 88.3 infinity; NaN stays NaN.
   */
  static void apply(float[] x, int from, int n) {
    for (int i = from; i < from + n; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, i);
      FloatVector shifted =
          v.fma(
              FloatVector.broadcast(Lanes.FLOATS, LOG2_E),
              FloatVector.broadcast(Lanes.FLOATS, ROUND));
      FloatVector n2 = shifted.sub(ROUND);
      FloatVector r = n2.fma(FloatVector.broadcast(Lanes.FLOATS, -LN2_HIGH), v);
      r = n2.fma(FloatVector.broadcast(Lanes.FLOATS, -LN2_LOW), r);
      FloatVector p = FloatVector.broadcast(Lanes.FLOATS, 0.00019875691f);
      p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, 0.0013981999f));
      p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, 0.008333452f));
      p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, 0.041665796f));
      p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, 0.16666666f));
      p = p.fma(r, FloatVector.broadcast(Lanes.FLOATS, 0.5f));
      p = p.fma(r.mul(r), r.add(1));
      IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
      FloatVector result = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
      VectorMask<Float> tiny = v.compare(VectorOperators.LT, SMALLEST);
      VectorMask<Float> huge = v.compare(VectorOperators.GT, LARGEST);
      VectorMask<Float> nan = v.compare(VectorOperators.NE, v);
      result.blend(0, tiny).blend(Float.POSITIVE_INFINITY, huge).blend(v, nan).intoArray(x, i);
    }
  }
}
