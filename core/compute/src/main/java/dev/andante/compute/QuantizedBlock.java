package dev.andante.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * One block of a quantised format, opened into plain numbers: element i is {@code code(i) *
 * scale(g) + minimum(g)} with {@code g = i / groupElements(dtype)}. For every format this f32
 * expression gives the same value with one rounding or two, because codes have at most 8 bits and
 * scales at most 19 (for Q6_K the minimum is 0).
 *
 * <p>The layouts are those of GGML's block structures, little endian. A reusable cursor for one
 * thread.
 */
public final class QuantizedBlock {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int MAX_ELEMENTS = 256;

  private final int[] codes = new int[MAX_ELEMENTS];
  private final float[] scales = new float[16];
  private final float[] minimums = new float[16];

  /** Whether the format consists of blocks that this class opens. */
  public static boolean isQuantized(DType dtype) {
    return dtype.blockElements() > 1;
  }

  /** Elements that share one scale and minimum. */
  public static int groupElements(DType dtype) {
    return dtype == DType.Q6_K ? 16 : 32;
  }

  /** Whether every code of the format is in {@code 0..15}. */
  public static boolean hasFourBitCodes(DType dtype) {
    return dtype == DType.Q4_0 || dtype == DType.Q4_1 || dtype == DType.Q4_K;
  }

  /** Whether every minimum of the format is zero. */
  public static boolean hasNoMinimum(DType dtype) {
    return dtype == DType.Q8_0 || dtype == DType.Q6_K;
  }

  public int code(int element) {
    return codes[element];
  }

  public float scale(int group) {
    return scales[group];
  }

  public float minimum(int group) {
    return minimums[group];
  }

  /**
   * Opens the block that starts at byte {@code at} of {@code data}.
   *
   * @throws IllegalArgumentException if {@code dtype} is a plain format
   */
  public void open(DType dtype, MemorySegment data, long at) {
    switch (dtype) {
      case Q4_0 -> {
        nibbles(data, at + 2);
        group(0, f16(data, at), -8);
      }
      case Q4_1 -> {
        nibbles(data, at + 4);
        scales[0] = f16(data, at);
        minimums[0] = f16(data, at + 2);
      }
      case Q5_0 -> {
        nibbles(data, at + 6);
        fifthBits(data.get(INT, at + 2));
        group(0, f16(data, at), -16);
      }
      case Q5_1 -> {
        nibbles(data, at + 8);
        fifthBits(data.get(INT, at + 4));
        scales[0] = f16(data, at);
        minimums[0] = f16(data, at + 2);
      }
      case Q8_0 -> {
        for (int i = 0; i < 32; i++) {
          codes[i] = data.get(ValueLayout.JAVA_BYTE, at + 2 + i);
        }
        group(0, f16(data, at), 0);
      }
      case Q4_K -> openQ4K(data, at);
      case Q5_K -> openQ5K(data, at);
      case Q6_K -> openQ6K(data, at);
      case F32, F16, BF16 -> throw new IllegalArgumentException(dtype + " has no blocks");
    }
  }

  private void group(int group, float scale, int offset) {
    scales[group] = scale;
    minimums[group] = offset == 0 ? 0 : offset * scale;
  }

  /** 16 bytes: the low nibbles are elements 0..15, the high ones 16..31. */
  private void nibbles(MemorySegment data, long at) {
    for (int i = 0; i < 16; i++) {
      int pair = unsigned(data, at + i);
      codes[i] = pair & 15;
      codes[i + 16] = pair >> 4;
    }
  }

  private void fifthBits(int high) {
    for (int i = 0; i < 32; i++) {
      codes[i] |= ((high >>> i) & 1) << 4;
    }
  }

  /** d, dmin, 12 bytes of 6-bit scales and minimums, 128 bytes of nibbles. */
  private void openQ4K(MemorySegment data, long at) {
    sixBitScales(data, at);
    for (int chunk = 0; chunk < 4; chunk++) {
      for (int i = 0; i < 32; i++) {
        int pair = unsigned(data, at + 16 + 32L * chunk + i);
        codes[64 * chunk + i] = pair & 15;
        codes[64 * chunk + 32 + i] = pair >> 4;
      }
    }
  }

  /** As Q4_K, with 32 bytes of fifth bits before the nibbles: bit g of byte i is of group g. */
  private void openQ5K(MemorySegment data, long at) {
    sixBitScales(data, at);
    for (int chunk = 0; chunk < 4; chunk++) {
      for (int i = 0; i < 32; i++) {
        int pair = unsigned(data, at + 48 + 32L * chunk + i);
        int high = unsigned(data, at + 16 + i) >> (2 * chunk);
        codes[64 * chunk + i] = (pair & 15) | ((high & 1) << 4);
        codes[64 * chunk + 32 + i] = (pair >> 4) | ((high & 2) << 3);
      }
    }
  }

  /** 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, d. */
  private void openQ6K(MemorySegment data, long at) {
    float d = f16(data, at + 208);
    for (int g = 0; g < 16; g++) {
      group(g, d * data.get(ValueLayout.JAVA_BYTE, at + 192 + g), 0);
    }
    for (int half = 0; half < 2; half++) {
      for (int i = 0; i < 32; i++) {
        int first = unsigned(data, at + 64L * half + i);
        int second = unsigned(data, at + 64L * half + 32 + i);
        int high = unsigned(data, at + 128 + 32L * half + i);
        int to = 128 * half + i;
        codes[to] = ((first & 15) | ((high & 3) << 4)) - 32;
        codes[to + 32] = ((second & 15) | (((high >> 2) & 3) << 4)) - 32;
        codes[to + 64] = ((first >> 4) | (((high >> 4) & 3) << 4)) - 32;
        codes[to + 96] = ((second >> 4) | ((high >> 6) << 4)) - 32;
      }
    }
  }

  /**
   * Eight 6-bit scales and minimums in 12 bytes: those of groups 0..3 in the low six bits of bytes
   * 0..3 and 4..7; of groups 4..7 the low four bits in bytes 8..11 and the high two in the top bits
   * of bytes 0..7.
   */
  private void sixBitScales(MemorySegment data, long at) {
    float d = f16(data, at);
    float dmin = f16(data, at + 2);
    for (int g = 0; g < 4; g++) {
      int low = unsigned(data, at + 4 + g);
      int middle = unsigned(data, at + 8 + g);
      int last = unsigned(data, at + 12 + g);
      scales[g] = d * (low & 63);
      minimums[g] = -dmin * (middle & 63);
      scales[g + 4] = d * ((last & 15) | ((low >> 6) << 4));
      minimums[g + 4] = -dmin * ((last >> 4) | ((middle >> 6) << 4));
    }
  }

  private static int unsigned(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  private static float f16(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }
}
