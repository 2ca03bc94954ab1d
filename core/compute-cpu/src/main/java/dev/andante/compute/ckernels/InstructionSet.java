package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

/** What the kernels are compiled for, ascending; the code is what the library calls it. */
enum InstructionSet {
  AVX2(1, "AVX2"),
  AVX512_VNNI(2, "AVX-512 VNNI"),
  /** As the one before, with attention on pairs of bf16 where products need not be exact. */
  AVX512_BF16(3, "AVX-512 VNNI and BF16");

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
    return this == AVX512_BF16 && precision == Precision.EXACT ? AVX512_VNNI : this;
  }

  @Override
  public String toString() {
    return text;
  }
}
