package dev.andante.compute.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.BFloat16;
import dev.andante.testkit.TestTensors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Every element as its formula says, vectors and remainders alike; nothing beyond is touched. */
class NarrowingTest {

  private static final int[] SIZES = {1, 3, 8, 15, 16, 17, 31, 64, 207, 576};
  private static final byte UNTOUCHED = 0x55;

  private final Random random = new Random(4);
  private final MemorySegment target = Arena.ofAuto().allocate(4 * 1024);

  private float[] row(int n) {
    float[] row = TestTensors.gaussian(random, n + 5);
    if (n > 8) {
      row[2] = 0x1.01p0f; // halfway, to even: down
      row[3] = 0x1.03p0f; // halfway, to even: up
      row[4] = -0f;
      row[5] = Float.MIN_VALUE;
      row[6] = Float.MAX_VALUE;
      row[7] = Float.NEGATIVE_INFINITY;
      row[8] = Float.NaN;
    }
    return row;
  }

  @Test
  void bf16IsRoundedToNearestEven() {
    for (int n : SIZES) {
      float[] row = row(n);
      target.fill(UNTOUCHED);
      Narrowing.toBf16(row, 1, n, target, 3);
      for (int i = 0; i < n; i++) {
        short actual = target.get(ValueLayout.JAVA_SHORT_UNALIGNED, 3 + 2L * i);
        if (Float.isNaN(row[1 + i])) {
          assertThat(BFloat16.toFloat(actual)).isNaN();
        } else {
          assertThat(actual).isEqualTo(BFloat16.fromFloat(row[1 + i]));
        }
      }
      untouched(3, 2L * n);
    }
  }

  @Test
  void roundedFloatsAreTheFloatsOfBf16() {
    for (int n : SIZES) {
      float[] row = row(n);
      target.fill(UNTOUCHED);
      Narrowing.toRoundedFloats(row, 1, n, target, 3);
      for (int i = 0; i < n; i++) {
        float actual = target.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 3 + 4L * i);
        float expected = BFloat16.toFloat(BFloat16.fromFloat(row[1 + i]));
        assertThat(Float.floatToIntBits(actual)).isEqualTo(Float.floatToIntBits(expected));
      }
      untouched(3, 4L * n);
    }
  }

  @Test
  void bytesAreTheNearestMultiplesOfTheScale() {
    for (int limit : new int[] {127, 63}) {
      for (int n : SIZES) {
        float[] row = TestTensors.gaussian(random, n + 5);
        target.fill(UNTOUCHED);
        float scale = Narrowing.toS8(row, 1, n, limit, target, 3);
        float largest = 0;
        for (int i = 0; i < n; i++) {
          largest = Math.max(largest, Math.abs(row[1 + i]));
        }
        assertThat(scale).isEqualTo(largest / limit);
        int most = 0;
        for (int i = 0; i < n; i++) {
          int actual = target.get(ValueLayout.JAVA_BYTE, 3 + i);
          assertThat(actual).isEqualTo((int) Math.rint(row[1 + i] * (limit / largest)));
          most = Math.max(most, Math.abs(actual));
        }
        assertThat(most).isEqualTo(limit);
        untouched(3, n);
      }
    }
  }

  @Test
  void rowsOfNothingAreZeroAndRowsOfNoNumbersHaveNoFiniteScale() {
    for (int n : new int[] {3, 40}) {
      float[] row = new float[n];
      assertThat(Narrowing.toS8(row, 0, n, 127, target, 0)).isZero();
      assertThat(target.get(ValueLayout.JAVA_BYTE, n - 1L)).isZero();
      row[1] = Float.MIN_VALUE;
      assertThat(Narrowing.toS8(row, 0, n, 127, target, 0)).isZero();
      assertThat(target.get(ValueLayout.JAVA_BYTE, 1)).isZero();
      row[n - 1] = Float.POSITIVE_INFINITY;
      assertThat(Narrowing.toS8(row, 0, n, 127, target, 0)).isInfinite();
      row[0] = Float.NaN;
      assertThat(Narrowing.toS8(row, 0, n, 127, target, 0)).isNaN();
    }
  }

  private void untouched(long from, long bytes) {
    for (long i = 0; i < from; i++) {
      assertThat(target.get(ValueLayout.JAVA_BYTE, i)).isEqualTo(UNTOUCHED);
    }
    for (long i = from + bytes; i < from + bytes + 64; i++) {
      assertThat(target.get(ValueLayout.JAVA_BYTE, i)).isEqualTo(UNTOUCHED);
    }
  }
}
