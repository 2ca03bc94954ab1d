package dev.andante.compute.onednn;

/** Element types of matrices, each with its code in {@code dnnl_data_type_t}. */
enum DataType {
  BF16(2, 2),
  F32(3, 4),
  S32(4, 4),
  S8(5, 1);

  private final int code;
  private final int bytes;

  DataType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  int code() {
    return code;
  }

  int bytes() {
    return bytes;
  }
}
