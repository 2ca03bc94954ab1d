package dev.andante.compute.onednn;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * How f32 rows become what the library multiplies, and its sums become f32 again. Each row on its
 * own. Shared by all threads.
 */
sealed interface Arithmetic permits FloatArithmetic, ByteArithmetic {

  /** Of activations and of weights. */
  DataType factors();

  DataType sums();

  /**
   * Converts a row of activations to bytes at offset; returns its scale.
   *
   * @param scratch room for n floats
   */
  float narrowRow(float[] x, int at, int n, float[] scratch, MemorySegment target, long offset);

  /**
   * Converts one output's weights to bytes at offset; returns their scale.
   *
   * @param scratch room for n floats; may be w if at is 0
   */
  float narrowWeights(float[] w, int at, int n, float[] scratch, MemorySegment target, long offset);

  /**
   * {@code out[at + i] = sums[i] * rowScale * scales[first + i] + bias[first + i]}, or {@code +=}
   * if {@code add}; sums are n numbers at offset.
   */
  void store(
      MemorySegment sums,
      long offset,
      int n,
      float rowScale,
      float[] scales,
      float @Nullable [] bias,
      int first,
      float[] out,
      int at,
      boolean add);
}
