package dev.andante.kvtransfer;

import dev.andante.compute.BFloat16;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * KV in eight bits an element. A row, the {@code head_dim} elements of one head of one token, is
 * written as its largest magnitude {@code m}, rounded to bf16, and a signed byte {@code q} for each
 * element, little endian; it is read as {@code q * m / 127}.
 *
 * <ul>
 *   <li>An element is off by at most half of {@code m / 127}, and the rounding of the pool's dtype.
 *   <li>What was read is written as it was read from, so that KV which is handed on again and again
 *       loses nothing after the first time. That is why {@code m} is written and not the step: it
 *       is an element itself, and comes back as such.
 *   <li>A row whose largest magnitude is below 2<sup>-100</sup> is read as zeros.
 *   <li>A row with a NaN or an infinity in it is read as NaNs.
 * </ul>
 *
 * Holds a row, so it is for one thread at a time.
 */
public final class EightBitRows {

  private static final int MOST = 127;
  private static final int ROWS_PER_HEAD = 2; // of a token: K and V

  private static final int MAGNITUDE = 0x7FFF_FFFF;
  private static final int INFINITY = 0x7F80_0000;
  private static final int SMALLEST = Float.floatToRawIntBits(0x1p-100f); // 127 / m is finite
  private static final int HALF = 0x7FFF; // of the last place of a bf16, but for ties
  private static final short BF16_NAN = 0x7FC0;
  private static final short BF16_INFINITY = 0x7F80;
  private static final short BF16_LARGEST = 0x7F7F;

  /** Added to a float of less than 2^22, it leaves the nearest integer in the lowest bits. */
  private static final float ROUNDING = 0x1.8p23f;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final boolean wide; // f32, else bf16
  private final int rowsPerTokenLayer;
  private final int rowBytes;
  private final int[] row; // bits of f32
  private final short[] narrow; // bits of bf16
  private final byte[] codes;

  public EightBitRows(KvLayout layout) {
    this.wide = layout.dtype() == DType.F32;
    this.rowsPerTokenLayer = ROWS_PER_HEAD * layout.kvHeads();
    this.rowBytes = layout.headDim() * layout.dtype().blockBytes();
    this.row = new int[layout.headDim()];
    this.narrow = new short[wide ? 0 : layout.headDim()];
    this.codes = new byte[layout.headDim()];
  }

  /** Of one token in one layer, as written. */
  static long bytesPerTokenLayer(KvLayout layout) {
    return (long) ROWS_PER_HEAD * layout.kvHeads() * (Short.BYTES + layout.headDim());
  }

  /**
   * Writes elements of the pool, in wire order, as rows of eight bits.
   *
   * @param tokenLayers how many tokens in how many layers, multiplied
   */
  public void write(long tokenLayers, MemorySegment elements, MemorySegment coded) {
    long to = 0;
    for (long i = 0; i < tokenLayers * rowsPerTokenLayer; i++) {
      load(elements, i * rowBytes);
      coded.set(SHORT, to, code());
      MemorySegment.copy(codes, 0, coded, ValueLayout.JAVA_BYTE, to + Short.BYTES, codes.length);
      to += Short.BYTES + codes.length;
    }
  }

  /** The inverse of {@link #write}. */
  public void read(long tokenLayers, MemorySegment coded, MemorySegment elements) {
    long from = 0;
    for (long i = 0; i < tokenLayers * rowsPerTokenLayer; i++) {
      MemorySegment.copy(coded, ValueLayout.JAVA_BYTE, from + Short.BYTES, codes, 0, codes.length);
      decode(BFloat16.toFloat(coded.get(SHORT, from)) / MOST);
      store(elements, i * rowBytes);
      from += Short.BYTES + codes.length;
    }
  }

  /**
   * The row as codes.
   *
   * @return {@code m}
   */
  private short code() {
    int largest = 0;
    for (int bits : row) {
      largest = Math.max(largest, bits & MAGNITUDE);
    }
    if (largest < SMALLEST || largest >= INFINITY) {
      Arrays.fill(codes, (byte) 0);
      return largest < SMALLEST ? 0 : BF16_NAN;
    }
    short m = BFloat16.fromFloat(Float.intBitsToFloat(largest));
    if (m == BF16_INFINITY) {
      m = BF16_LARGEST;
    }
    float perUnit = MOST / BFloat16.toFloat(m);
    for (int i = 0; i < codes.length; i++) {
      float code = Float.intBitsToFloat(row[i]) * perUnit; // within 127.5
      codes[i] = (byte) Float.floatToRawIntBits(code + ROUNDING);
    }
    return m;
  }

  private void decode(float step) {
    for (int i = 0; i < codes.length; i++) {
      row[i] = Float.floatToRawIntBits(codes[i] * step);
    }
  }

  private void load(MemorySegment elements, long at) {
    if (wide) {
      MemorySegment.copy(elements, INT, at, row, 0, row.length);
    } else {
      MemorySegment.copy(elements, SHORT, at, narrow, 0, narrow.length);
      for (int i = 0; i < narrow.length; i++) {
        row[i] = narrow[i] << Short.SIZE;
      }
    }
  }

  private void store(MemorySegment elements, long at) {
    if (wide) {
      MemorySegment.copy(row, 0, elements, INT, at, row.length);
    } else {
      for (int i = 0; i < narrow.length; i++) {
        int bits = row[i]; // to nearest, ties to even; of a NaN the lower half is 0 here
        narrow[i] = (short) ((bits + HALF + ((bits >>> Short.SIZE) & 1)) >>> Short.SIZE);
      }
      MemorySegment.copy(narrow, 0, elements, SHORT, at, narrow.length);
    }
  }
}
