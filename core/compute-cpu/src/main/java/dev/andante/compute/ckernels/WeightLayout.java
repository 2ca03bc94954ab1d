package dev.andante.compute.ckernels;

import dev.andante.compute.DType;
import dev.andante.compute.Precision;

/**
 * How a weight is kept; kernels.h draws it.
 *
 * @param offset subtracted from each code; 0 where there are minimums
 * @param wide whether scales and minimums are f32 rather than f16
 */
record WeightLayout(Kind kind, int offset, boolean hasMinimum, boolean wide) {

  /** Outputs of a group: one lane each. */
  static final int LANES = 16;

  /** Inputs of a block. */
  static final int BLOCK = 32;

  /** {@code enum kind} of kernels.h. */
  enum Kind {
    NIBBLES(0, 4, 32),
    BYTES(1, 8, 32),
    BYTES_BY_16(2, 8, 16),
    FLOATS(3, 32, 1),
    HALVES(4, 16, 1),
    BFLOATS(5, 16, 1);

    private final int code;
    private final int bits;
    private final int run;

    Kind(int code, int bits, int run) {
      this.code = code;
      this.bits = bits;
      this.run = run;
    }

    int code() {
      return code;
    }
  }

  /**
   * The layout for a file's format. Products of two numbers of the file, as K formats have for
   * scales, are kept in f32 where they must be exact; else f16 is close enough and smaller.
   */
  static WeightLayout of(DType dtype, Precision precision) {
    boolean exact = precision == Precision.EXACT;
    return switch (dtype) {
      case F32 -> new WeightLayout(Kind.FLOATS, 0, false, false);
      case F16 -> new WeightLayout(Kind.HALVES, 0, false, false);
      case BF16 -> new WeightLayout(Kind.BFLOATS, 0, false, false);
      case Q4_0 -> new WeightLayout(Kind.NIBBLES, 8, false, false);
      case Q4_1 -> new WeightLayout(Kind.NIBBLES, 0, true, false);
      case Q4_K -> new WeightLayout(Kind.NIBBLES, 0, true, exact);
      case Q5_0 -> new WeightLayout(Kind.BYTES, 16, false, false);
      case Q5_1 -> new WeightLayout(Kind.BYTES, 0, true, false);
      case Q5_K -> new WeightLayout(Kind.BYTES, 0, true, exact);
      case Q8_0 -> new WeightLayout(Kind.BYTES, 128, false, false);
      case Q6_K -> new WeightLayout(Kind.BYTES_BY_16, 32, false, true);
    };
  }

  boolean isQuantized() {
    return kind.run > 1;
  }

  static int groups(int outputs) {
    return (outputs + LANES - 1) / LANES;
  }

  /** Inputs that share a scale. */
  int run() {
    return kind.run;
  }

  /** Bytes of the codes of a block. */
  int codeBytes() {
    return LANES * BLOCK * kind.bits / 8;
  }

  /** Bytes of one scale or minimum. */
  int factorBytes() {
    return wide ? Float.BYTES : Short.BYTES;
  }

  /** Bytes of a block of codes, scales and minimums; 0 for plain kinds. */
  int blockBytes() {
    int factors = BLOCK / kind.run * (hasMinimum ? 2 : 1);
    return isQuantized() ? codeBytes() + factors * LANES * factorBytes() : 0;
  }

  long groupBytes(int inputs) {
    return isQuantized()
        ? (long) blockBytes() * (inputs / BLOCK)
        : (long) LANES * inputs * kind.bits / 8;
  }
}
