package dev.andante.compute.vector;

import jdk.incubator.vector.FloatVector;

/** Kernels over one row. */
final class RowKernels {

  private RowKernels() {}

  /** {@code out = x / sqrt(mean(x²) + eps) * gain} over n elements; out may be x. */
  static void rmsNorm(float[] x, int at, float[] gain, int n, float eps, float[] out, int outAt) {
    int whole = n - n % Lanes.COUNT;
    FloatVector squares = FloatVector.zero(Lanes.FLOATS);
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, at + i);
      squares = v.fma(v, squares);
    }
    float sum = Lanes.sum(squares);
    for (int i = whole; i < n; i++) {
      sum = Math.fma(x[at + i], x[at + i], sum);
    }
    float factor = (float) (1 / Math.sqrt((double) sum / n + eps));
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.FLOATS, x, at + i)
          .mul(factor)
          .mul(FloatVector.fromArray(Lanes.FLOATS, gain, i))
          .intoArray(out, outAt + i);
    }
    for (int i = whole; i < n; i++) {
      out[outAt + i] = x[at + i] * factor * gain[i];
    }
  }

  /**
   * {@code out = silu(gate) * up} over n elements.
   *
   * @param scratch room for n floats and padding to whole vectors
   */
  static void siluMul(
      float[] x, int gateAt, int upAt, int n, float[] scratch, float[] out, int outAt) {
    for (int i = 0; i < n; i++) {
      scratch[i] = -x[gateAt + i];
    }
    for (int i = n; i < Lanes.roundUp(n); i++) {
      scratch[i] = 0;
    }
    Exponential.apply(scratch, 0, Lanes.roundUp(n));
    for (int i = 0; i < n; i++) {
      out[outAt + i] = x[gateAt + i] / (1 + scratch[i]) * x[upAt + i];
    }
  }
}
