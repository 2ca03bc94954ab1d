package dev.andante.compute.onednn;

import dev.andante.compute.vector.Accumulators;
import dev.andante.compute.vector.Narrowing;
import dev.andante.compute.vector.Rotation;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Signed bytes and exact 32-bit sums: symmetric, a scale for each row and one for each output. Both
 * are turned by {@link Rotation} first where their length allows: models have a few inputs a
 * hundred times as large as the others, beside which those would be rounded away.
 *
 * @param weightLimit largest magnitude of a weight's byte. Processors without VNNI add products of
 *     two pairs in 16 bits, which overflow where all bytes are large; 63 leaves room
 */
record ByteArithmetic(int weightLimit) implements Arithmetic {

  static final int FULL = 127;
  static final int HALF = 63;

  @Override
  public DataType factors() {
    return DataType.S8;
  }

  @Override
  public DataType sums() {
    return DataType.S32;
  }

  @Override
  public float narrowRow(
      float[] x, int at, int n, float[] scratch, MemorySegment target, long offset) {
    if (Rotation.block(n) == 1) {
      return Narrowing.toS8(x, at, n, FULL, target, offset);
    }
    Rotation.turn(x, at, n, scratch);
    return Narrowing.toS8(scratch, 0, n, FULL, target, offset);
  }

  @Override
  public float narrowWeights(
      float[] w, int at, int n, float[] scratch, MemorySegment target, long offset) {
    if (Rotation.block(n) == 1) {
      return Narrowing.toS8(w, at, n, weightLimit, target, offset);
    }
    Rotation.turn(w, at, n, scratch);
    return Narrowing.toS8(scratch, 0, n, weightLimit, target, offset) / Rotation.block(n);
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
    Accumulators.integers(sums, offset, n, rowScale, scales, bias, first, out, at, add);
  }
}
