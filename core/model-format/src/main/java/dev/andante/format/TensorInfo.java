package dev.andante.format;

import java.util.Arrays;

/**
 * One tensor of a weight file.
 *
 * @param shape outermost dimension first (GGUF stores it the other way round); empty for a scalar.
 *     Not copied: do not write to it
 * @param offset byte position of the first element in the file that holds the tensor
 * @param bytes stored size
 */
public record TensorInfo(String name, TensorType type, long[] shape, long offset, long bytes) {

  /** Product of the dimensions; it was checked to fit when the file was opened. */
  public long elements() {
    long product = 1;
    for (long dimension : shape) {
      product = Math.multiplyExact(product, dimension);
    }
    return product;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorInfo that
        && name.equals(that.name)
        && type == that.type
        && offset == that.offset
        && bytes == that.bytes
        && Arrays.equals(shape, that.shape);
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  @Override
  public String toString() {
    return "%s %s%s at %d, %d bytes".formatted(name, type, Arrays.toString(shape), offset, bytes);
  }
}
