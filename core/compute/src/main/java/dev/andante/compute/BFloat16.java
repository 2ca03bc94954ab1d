package dev.andante.compute;

/** The upper half of an f32: one sign bit, eight exponent bits, seven fraction bits. */
public final class BFloat16 {

  private BFloat16() {}

  /** Exact. */
  public static float toFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Rounds to nearest, ties to even; a NaN stays a (quiet) NaN. */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40); // never round a NaN's payload to infinity
    }
    int halfUlpOrTie = 0x7FFF + ((bits >>> 16) & 1);
    return (short) ((bits + halfUlpOrTie) >>> 16);
  }
}
