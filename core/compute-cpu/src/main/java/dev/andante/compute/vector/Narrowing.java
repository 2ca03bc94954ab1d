package dev.andante.compute.vector;

import dev.andante.compute.BFloat16;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rounds rows of f32 to the types that products are taken in. Each element's result depends on that
 * element (and, for s8, the row's largest) alone.
 */
public final class Narrowing {

  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

  private static final VectorSpecies<Short> SHORTS =
      switch (Lanes.COUNT) {
        case 4 -> ShortVector.SPECIES_64;
        case 8 -> ShortVector.SPECIES_128;
        default -> ShortVector.SPECIES_256;
      };

  /** As many bytes as there are lanes, or more where no vector is that short. */
  private static final VectorSpecies<Byte> BYTES =
      Lanes.COUNT == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  private static final boolean BYTES_FIT = BYTES.length() == Lanes.COUNT;

  private static final int QUIET_NAN = 0x7FC0;
  private static final int HIGH_HALF = 0xFFFF0000;

  /** 1.5 * 2^23: adding it to a small number leaves the number, rounded, in the lowest bits. */
  private static final float ROUNDER = 0x1.8p23f;

  /** Rows whose largest element is smaller count as zero: its reciprocal would overflow. */
  private static final float SMALLEST = 0x1p-100f;

  private Narrowing() {}

  /** Rounds {@code x[at … at + n)} to bf16 as {@link BFloat16#fromFloat}, to bytes at offset. */
  public static void toBf16(float[] x, int at, int n, MemorySegment target, long offset) {
    int whole = n - n % Lanes.COUNT;
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, at + i);
      IntVector bits = v.reinterpretAsInts();
      IntVector rounded =
          bits.add(bits.lanewise(VectorOperators.LSHR, 16).and(1).add(0x7FFF))
              .lanewise(VectorOperators.LSHR, 16);
      VectorMask<Integer> nan = v.test(VectorOperators.IS_NAN).cast(Lanes.INTS);
      ((ShortVector) rounded.blend(QUIET_NAN, nan).convertShape(VectorOperators.I2S, SHORTS, 0))
          .intoMemorySegment(target, offset + 2L * i, ORDER);
    }
    for (int i = whole; i < n; i++) {
      float value = x[at + i];
      short bits = Float.isNaN(value) ? (short) QUIET_NAN : BFloat16.fromFloat(value);
      target.set(SHORT, offset + 2L * i, bits);
    }
  }

  /** As {@link #toBf16}, but what is written are floats that bf16 holds exactly. */
  public static void toRoundedFloats(float[] x, int at, int n, MemorySegment target, long offset) {
    int whole = n - n % Lanes.COUNT;
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, at + i);
      IntVector bits = v.reinterpretAsInts();
      IntVector rounded =
          bits.add(bits.lanewise(VectorOperators.LSHR, 16).and(1).add(0x7FFF)).and(HIGH_HALF);
      VectorMask<Integer> nan = v.test(VectorOperators.IS_NAN).cast(Lanes.INTS);
      rounded
          .blend(QUIET_NAN << 16, nan)
          .reinterpretAsFloats()
          .intoMemorySegment(target, offset + 4L * i, ORDER);
    }
    for (int i = whole; i < n; i++) {
      float value = x[at + i];
      float rounded = Float.isNaN(value) ? Float.NaN : BFloat16.toFloat(BFloat16.fromFloat(value));
      target.set(FLOAT, offset + 4L * i, rounded);
    }
  }

  /**
   * Scales {@code x[at … at + n)} so that the largest magnitude becomes {@code limit}, and rounds
   * to the nearest integer, ties to even.
   *
   * @param limit at most 127
   * @return the scale: element = scale * byte, about. NaN or infinite if an element is; then the
   *     bytes mean nothing, but scale times any sum of theirs is not finite
   */
  public static float toS8(float[] x, int at, int n, int limit, MemorySegment target, long offset) {
    float largest = largestMagnitude(x, at, n);
    float factor = largest < SMALLEST ? 0 : limit / largest;
    int whole = BYTES_FIT ? n - n % Lanes.COUNT : 0;
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      ((ByteVector)
              FloatVector.fromArray(Lanes.FLOATS, x, at + i)
                  .mul(factor)
                  .add(ROUNDER)
                  .reinterpretAsInts()
                  .convertShape(VectorOperators.I2B, BYTES, 0))
          .intoMemorySegment(target, offset + i, ORDER);
    }
    for (int i = whole; i < n; i++) {
      int bits = Float.floatToRawIntBits(x[at + i] * factor + ROUNDER);
      target.set(ValueLayout.JAVA_BYTE, offset + i, (byte) bits);
    }
    return factor == 0 && largest < SMALLEST ? 0 : largest / limit;
  }

  /** NaN if any element is. */
  private static float largestMagnitude(float[] x, int at, int n) {
    int whole = n - n % Lanes.COUNT;
    FloatVector most = FloatVector.zero(Lanes.FLOATS);
    for (int i = 0; i < whole; i += Lanes.COUNT) {
      most = most.max(FloatVector.fromArray(Lanes.FLOATS, x, at + i).abs());
    }
    float largest = most.reduceLanes(VectorOperators.MAX); // exact in any order
    for (int i = whole; i < n; i++) {
      largest = Math.max(largest, Math.abs(x[at + i]));
    }
    return largest;
  }
}
