package dev.andante.compute;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class BFloat16Test {

  @Test
  void everyValueSurvivesTheRoundTrip() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = BFloat16.toFloat((short) bits);
      if (Float.isNaN(value)) {
        assertThat(BFloat16.toFloat(BFloat16.fromFloat(value))).isNaN();
      } else {
        assertThat(BFloat16.fromFloat(value)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void roundsToNearestTiesToEven() {
    assertThat(bits(0x3F80_8000)).as("tie, even below").isEqualTo(0x3F80);
    assertThat(bits(0x3F81_8000)).as("tie, even above").isEqualTo(0x3F82);
    assertThat(bits(0x3F80_8001)).isEqualTo(0x3F81);
    assertThat(bits(0x3F80_7FFF)).isEqualTo(0x3F80);
    assertThat(bits(0x7F7F_FFFF)).as("the largest float overflows").isEqualTo(0x7F80);
    assertThat(bits(0x7F80_0001)).as("a NaN stays one").isEqualTo(0x7FC0);
    assertThat(bits(0x8000_0000)).as("minus zero").isEqualTo(0x8000);
  }

  @Test
  void isNeverFurtherThanHalfAStep() {
    Random random = new Random(1);
    for (int i = 0; i < 100_000; i++) {
      float value = (float) random.nextGaussian();
      float rounded = BFloat16.toFloat(BFloat16.fromFloat(value));
      assertThat(Math.abs(rounded - value)).isLessThanOrEqualTo(Math.abs(value) / 256);
    }
  }

  private static int bits(int floatBits) {
    return BFloat16.fromFloat(Float.intBitsToFloat(floatBits)) & 0xFFFF;
  }
}
