package dev.andante.format;

import org.jspecify.annotations.Nullable;

/** The types of GGUF metadata values; the ordinal is the number in the file. */
enum GgufType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  /** A 64-bit length and so many bytes. */
  STRING(8),
  /** An element type, a 64-bit count and the elements. */
  ARRAY(12),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private static final GgufType[] ALL = values();

  private final int leastBytes;

  GgufType(int leastBytes) {
    this.leastBytes = leastBytes;
  }

  /** Bytes of one value; of strings and arrays the part that is always there. */
  int leastBytes() {
    return leastBytes;
  }

  static @Nullable GgufType of(int number) {
    return number >= 0 && number < ALL.length ? ALL[number] : null;
  }
}
