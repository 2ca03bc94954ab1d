package dev.andante.compute;

/**
 * Element formats of tensors. A format stores elements in blocks of {@link #blockElements()}
 * consecutive elements of one row, {@link #blockBytes()} bytes each; for plain formats a block is
 * one element. The quantised layouts are those of GGML, little endian.
 */
public enum DType {
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  /** f16 scale d; 16 bytes of nibbles, low nibbles first: {@code d * (q - 8)}. */
  Q4_0(32, 18),
  /** f16 scale d, f16 minimum m; 16 bytes of nibbles: {@code d * q + m}. */
  Q4_1(32, 20),
  /** f16 scale d; 32 high bits; 16 bytes of nibbles: {@code d * (q - 16)}. */
  Q5_0(32, 22),
  /** f16 scale d, f16 minimum m; 32 high bits; 16 bytes of nibbles: {@code d * q + m}. */
  Q5_1(32, 24),
  /** f16 scale d; 32 signed bytes: {@code d * q}. */
  Q8_0(32, 34),
  Q4_K(256, 144),
  Q5_K(256, 176),
  Q6_K(256, 210);

  private final int blockElements;
  private final int blockBytes;

  DType(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  public int blockElements() {
    return blockElements;
  }

  public int blockBytes() {
    return blockBytes;
  }

  /**
   * Bytes that {@code elements} consecutive elements take.
   *
   * @throws IllegalArgumentException if {@code elements} is negative or not a multiple of the block
   *     size
   * @throws ArithmeticException if the result does not fit a long
   */
  public long bytes(long elements) {
    if (elements < 0 || elements % blockElements != 0) {
      throw new IllegalArgumentException(
          elements + " elements do not fill whole blocks of " + blockElements + " (" + this + ")");
    }
    return Math.multiplyExact(elements / blockElements, (long) blockBytes);
  }
}
