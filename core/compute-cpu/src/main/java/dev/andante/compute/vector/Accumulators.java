package dev.andante.compute.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/** Turns one row of sums in native memory into results in the heap. */
public final class Accumulators {

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private Accumulators() {}

  /**
   * {@code out[at + i] = sums[i] + bias[biasAt + i]}, or {@code +=} if {@code add}; sums are n
   * floats at offset.
   */
  public static void floats(
      MemorySegment sums,
      long offset,
      int n,
      float @Nullable [] bias,
      int biasAt,
      float[] out,
      int at,
      boolean add) {
    if (bias == null && !add) {
      MemorySegment.copy(sums, FLOAT, offset, out, at, n);
      return;
    }
    int whole = n - n % Lanes.COUNT;
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromMemorySegment(Lanes.FLOATS, sums, offset + 4L * i, ORDER);
      if (bias != null) {
        v = v.add(FloatVector.fromArray(Lanes.FLOATS, bias, biasAt + i));
      }
      if (add) {
        v = v.add(FloatVector.fromArray(Lanes.FLOATS, out, at + i));
      }
      v.intoArray(out, at + i);
    }
    for (int i = whole; i < n; i++) {
      float v = sums.get(FLOAT, offset + 4L * i);
      if (bias != null) {
        v += bias[biasAt + i];
      }
      out[at + i] = add ? v + out[at + i] : v;
    }
  }

  /**
   * {@code out[at + i] = sums[i] * (scale * scales[first + i]) + bias[first + i]}, or {@code +=} if
   * {@code add}; sums are n 32-bit integers at offset.
   */
  public static void integers(
      MemorySegment sums,
      long offset,
      int n,
      float scale,
      float[] scales,
      float @Nullable [] bias,
      int first,
      float[] out,
      int at,
      boolean add) {
    int whole = n - n % Lanes.COUNT;
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector v =
          (FloatVector)
              IntVector.fromMemorySegment(Lanes.INTS, sums, offset + 4L * i, ORDER)
                  .convert(VectorOperators.I2F, 0);
      v = v.mul(FloatVector.fromArray(Lanes.FLOATS, scales, first + i).mul(scale));
      if (bias != null) {
        v = v.add(FloatVector.fromArray(Lanes.FLOATS, bias, first + i));
      }
      if (add) {
        v = v.add(FloatVector.fromArray(Lanes.FLOATS, out, at + i));
      }
      v.intoArray(out, at + i);
    }
    for (int i = whole; i < n; i++) {
      float v = sums.get(INT, offset + 4L * i) * (scales[first + i] * scale);
      if (bias != null) {
        v += bias[first + i];
      }
      out[at + i] = add ? v + out[at + i] : v;
    }
  }
}
