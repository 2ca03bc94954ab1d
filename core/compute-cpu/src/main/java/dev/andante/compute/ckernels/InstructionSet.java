package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

/** What the kernels are compiled for, ascending; the code is what the library calls it. */
enum InstructionSet {
  AVX2(1, "AVX2"),
  AVX512_VNNI(2, "AVX-512 VNNI"),
  /** As the one before, with attention on pairs of bf16 where products need not be exact. */
  AVX512_BF16(3, "AVX-512 VNNI and BF16"),
  /** As the one before, with tiles for products of many rows and for attention. */
  AMX(4, "AVX-512 VNNI and AMX");

  private final int code;
  private final String text;

  InstructionSet(int code, String text) {
    this.code = code;
    this.text = text;
  }

  int code() {
    return code;
  }

  /** The set for attention: rounding queries and weights to bf16 is not exact. */
  InstructionSet forAttention(Precision precision) {
    return compareTo(AVX512_BF16) >= 0 && precision == Precision.EXACT ? AVX512_VNNI : this;
  }

  /** Rows from which on tiles multiply, none if they never do: they round to bf16. */
  int manyRows(Precision precision) {
    return this == AMX && precision == Precision.FAST ? Tiles.FEWEST_ROWS : Integer.MAX_VALUE;
  }

  @Override
  public String toString() {
    return text;
  }
}
