package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.BFloat16;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What eight bits make of KV: near what it was, always the same, and nothing worse again. */
class EightBitRowsTest {

  private static final int DIM = 64;
  private static final int ROWS = 6;
  private static final float BF16_LARGEST = BFloat16.toFloat((short) 0x7F7F);

  /**
   * What f32 adds, in steps: {@code 127 / m}, the product with it, {@code m / 127} and the product
   * with that are each rounded by up to half a unit of 127 steps.
   */
  private static final double ARITHMETIC = 4 * 127 * 0x1p-24;

  private static KvLayout layout(boolean wide) {
    return new KvLayout(1, ROWS / 2, DIM, 4, wide ? DType.F32 : DType.BF16);
  }

  private static DType dtype(boolean wide) {
    return wide ? DType.F32 : DType.BF16;
  }

  /** Of rows of any scale; what is too large for the dtype is its largest. */
  private static float[] values(boolean wide, long seed, int exponent) {
    Random random = new Random(seed);
    float most = wide ? Float.MAX_VALUE : BF16_LARGEST;
    float[] values = new float[ROWS * DIM];
    for (int row = 0; row < ROWS; row++) {
      double scale = Math.scalb(1 + random.nextDouble(), exponent - row);
      for (int i = 0; i < DIM; i++) {
        values[row * DIM + i] = Math.clamp((float) (random.nextGaussian() * scale), -most, most);
      }
    }
    return values;
  }

  private static float[] through(boolean wide, float... values) {
    byte[] pool = CodedRows.pool(values, dtype(wide));
    return CodedRows.values(CodedRows.throughEightBits(layout(wide), pool), dtype(wide));
  }

  @Property
  void anElementIsOffByHalfAStepAndItsDtype(
      @ForAll boolean wide,
      @ForAll long seed,
      @ForAll @IntRange(min = -90, max = 127) int exponent) {
    float[] before =
        CodedRows.values(CodedRows.pool(values(wide, seed, exponent), dtype(wide)), dtype(wide));
    float[] after = through(wide, before);
    for (int row = 0; row < ROWS; row++) {
      double largest = 0;
      for (int i = row * DIM; i < (row + 1) * DIM; i++) {
        largest = Math.max(largest, Math.abs(before[i]));
      }
      double m = Math.min(BFloat16.toFloat(BFloat16.fromFloat((float) largest)), BF16_LARGEST);
      for (int i = row * DIM; i < (row + 1) * DIM; i++) {
        double rounding = wide ? 0 : Math.abs(after[i]) * 0x1p-8 + 0x1p-134;
        assertThat(Math.abs((double) before[i] - after[i]))
            .as("%s of a row up to %s", before[i], largest)
            .isLessThanOrEqualTo(m / 127 * (0.5 + ARITHMETIC) + rounding);
      }
    }
  }

  /** Of the bits themselves, written and read. */
  @Property
  void whatWasReadLosesNothingMore(
      @ForAll boolean wide,
      @ForAll long seed,
      @ForAll @IntRange(min = -110, max = 127) int exponent) {
    KvLayout layout = layout(wide);
    byte[] written =
        CodedRows.write(layout, CodedRows.pool(values(wide, seed, exponent), dtype(wide)));
    byte[] read = CodedRows.read(layout, written);
    byte[] writtenAgain = CodedRows.write(layout, read);
    assertThat(writtenAgain).isEqualTo(written);
    assertThat(CodedRows.read(layout, writtenAgain)).isEqualTo(read);
  }

  /** Every m there is: in bf16 pools 127 of 127 parts are m, whatever rounding does to it. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void everyLargestElementComesBack(DType dtype) {
    KvLayout layout = new KvLayout(1, 1, 2, 4, dtype);
    for (int m = BFloat16.fromFloat(0x1p-100f); m <= 0x7F7F; m++) {
      float value = BFloat16.toFloat((short) m);
      float[] row = {value, -value / 3, 0, -value};
      float[] once =
          CodedRows.values(CodedRows.throughEightBits(layout, CodedRows.pool(row, dtype)), dtype);
      assertThat(BFloat16.fromFloat(once[0])).isEqualTo((short) m);
      assertThat(once[3]).isEqualTo(-once[0]);
      assertThat(CodedRows.throughEightBits(layout, CodedRows.pool(once, dtype)))
          .isEqualTo(CodedRows.pool(once, dtype));
    }
  }

  @Property(tries = 50)
  void rowsThatAreNotFiniteAreNaNsAndLeaveTheOthersAlone(
      @ForAll boolean wide,
      @ForAll long seed,
      @ForAll @IntRange(max = ROWS - 1) int row,
      @ForAll @IntRange(max = 2) int kind) {
    float[] values = values(wide, seed, 0);
    float[] expected = through(wide, values);
    values[row * DIM + 7] =
        new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}[kind];
    Arrays.fill(expected, row * DIM, (row + 1) * DIM, Float.NaN);
    float[] once = through(wide, values);
    assertThat(once).isEqualTo(expected);
    assertThat(through(wide, once)).isEqualTo(expected);
  }

  /** Zeros of either sign, subnormals, and all below 2^-100; not one of it becomes NaN. */
  @Property(tries = 50)
  void rowsOfNextToNothingAreZeros(
      @ForAll boolean wide,
      @ForAll long seed,
      @ForAll @IntRange(min = -148, max = -106) int exponent) {
    float[] values = values(wide, seed, exponent);
    values[0] = -0f;
    values[1] = Float.MIN_VALUE;
    assertThat(through(wide, values)).containsOnly(0f);
    assertThat(through(wide, new float[ROWS * DIM])).containsOnly(0f);
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void nothingButTheRowsIsWritten(DType dtype) {
    KvLayout layout = new KvLayout(2, 3, DIM, 4, dtype);
    int tokenLayers = 5;
    byte[] elements = CodedRows.elements(layout, tokenLayers, 1);
    int size = tokenLayers * 2 * 3 * (2 + DIM);
    assertThat(KvCoding.Q8.bytes(layout, tokenLayers)).isEqualTo(size);
    byte[] coded = new byte[size + 1];
    coded[size] = 77;
    new EightBitRows(layout)
        .write(tokenLayers, MemorySegment.ofArray(elements), MemorySegment.ofArray(coded));
    assertThat(coded[size]).isEqualTo((byte) 77);
    byte[] read = new byte[elements.length + 1];
    read[elements.length] = 77;
    new EightBitRows(layout)
        .read(tokenLayers, MemorySegment.ofArray(coded), MemorySegment.ofArray(read));
    assertThat(read[elements.length]).isEqualTo((byte) 77);
    assertThat(Arrays.copyOf(read, elements.length))
        .isEqualTo(CodedRows.throughEightBits(layout, elements))
        .isNotEqualTo(elements);
  }
}
