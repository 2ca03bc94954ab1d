package dev.andante.compute.ckernels;

/** What the kernels are compiled for, ascending; the code is what the library calls it. */
enum InstructionSet {
  AVX2(1, "AVX2"),
  AVX512_VNNI(2, "AVX-512 VNNI");

  private final int code;
  private final String text;

  InstructionSet(int code, String text) {
    this.code = code;
    this.text = text;
  }

  int code() {
    return code;
  }

  @Override
  public String toString() {
    return text;
  }
}
