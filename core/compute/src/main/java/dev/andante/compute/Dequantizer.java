package dev.andante.compute;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Turns tensors of any {@link DType} into f32: what a file says, computed exactly. One thread per
 * instance.
 */
public final class Dequantizer {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final QuantizedBlock block = new QuantizedBlock();

  /**
   * All elements, row-major.
   *
   * @throws ArithmeticException if they do not fit one array
   */
  public static float[] dequantize(HostTensor tensor) {
    float[] all = new float[Math.toIntExact(tensor.elements())];
    Dequantizer dequantizer = new Dequantizer();
    for (int row = 0; row < tensor.rows(); row++) {
      dequantizer.row(tensor, row, all, row * tensor.columns());
    }
    return all;
  }

  /** Writes row {@code row} to {@code target[at … at + columns)}. */
  public void row(HostTensor tensor, int row, float[] target, int at) {
    int columns = tensor.columns();
    DType dtype = tensor.dtype();
    long from = row * dtype.bytes(columns);
    for (int i = 0; i < columns; i += dtype.blockElements()) {
      long byteOffset = from + dtype.bytes(i);
      switch (dtype) {
        case F32 -> target[at + i] = tensor.data().get(FLOAT, byteOffset);
        case F16 -> target[at + i] = Float.float16ToFloat(tensor.data().get(SHORT, byteOffset));
        case BF16 -> target[at + i] = BFloat16.toFloat(tensor.data().get(SHORT, byteOffset));
        default -> {
          block.open(dtype, tensor.data(), byteOffset);
          int group = QuantizedBlock.groupElements(dtype);
          for (int j = 0; j < dtype.blockElements(); j++) {
            target[at + i + j] = block.code(j) * block.scale(j / group) + block.minimum(j / group);
          }
        }
      }
    }
  }
}
