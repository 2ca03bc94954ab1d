package dev.andante.compute.onednn;

import dev.andante.compute.vector.Accumulators;
import dev.andante.compute.vector.Narrowing;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Factors rounded to bf16 and f32 sums. Scales are all one and left out. */
enum FloatArithmetic implements Arithmetic {
  BF16(DataType.BF16) {
    @Override
    void narrow(float[] x, int at, int n, MemorySegment target, long offset) {
      Narrowing.toBf16(x, at, n, target, offset);
    }
  },
  /** For processors without bf16 products: the same factors, kept as f32. */
  BF16_IN_F32(DataType.F32) {
    @Override
    void narrow(float[] x, int at, int n, MemorySegment target, long offset) {
      Narrowing.toRoundedFloats(x, at, n, target, offset);
    }
  };

  private final DataType factors;

  FloatArithmetic(DataType factors) {
    this.factors = factors;
  }

  abstract void narrow(float[] x, int at, int n, MemorySegment target, long offset);

  @Override
  public DataType factors() {
    return factors;
  }

  @Override
  public DataType sums() {
    return DataType.F32;
  }

  @Override
  public float narrowRow(
      float[] x, int at, int n, float[] scratch, MemorySegment target, long offset) {
    narrow(x, at, n, target, offset);
    return 1;
  }

  @Override
  public float narrowWeights(
      float[] w, int at, int n, float[] scratch, MemorySegment target, long offset) {
    narrow(w, at, n, target, offset);
    return 1;
  }

  @Override
  public void store(
      MemorySegment sums,
      long offset,
      int n,
      float rowScale,
      float[] scales,
      float @Nullable [] bias,
      int first,
      float[] out,
      int at,
      boolean add) {
    Accumulators.floats(sums, offset, n, bias, first, out, at, add);
  }
}
