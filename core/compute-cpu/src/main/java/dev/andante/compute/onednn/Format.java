package dev.andante.compute.onednn;

/** What products of many rows are computed in. */
enum Format {
  /** Weights and activations rounded to bf16, sums in f32. */
  BF16("bf16", "onednn"),
  /**
   * Weights as s8 with a scale for each output, activations as s8 with a scale for each row, both
   * turned before so that no element stands out.
   */
  S8("s8", "onednn-s8");

  private final String text;
  private final String backend;

  Format(String text, String backend) {
    this.text = text;
    this.backend = backend;
  }

  /** The name of the backend that computes in it. */
  String backend() {
    return backend;
  }

  @Override
  public String toString() {
    return text;
  }
}
