package dev.andante.compute;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A weight as a file holds it: read-only bytes in host memory, usually a view of a memory-mapped
 * file, valid while that file is open.
 *
 * @param name the name under which errors speak of it
 * @param dtype element format
 * @param shape outermost dimension first; a matrix is {@code [outputs, inputs]}, a vector {@code
 *     [n]}
 * @param data exactly {@code dtype.bytes(elements)} bytes, row-major, each row in whole blocks
 */
public record HostTensor(String name, DType dtype, long[] shape, MemorySegment data) {

  public HostTensor {
    long elements = 1;
    for (long n : shape) {
      if (n <= 0) {
        throw new IllegalArgumentException(
            name + ": shape " + Arrays.toString(shape) + " is not positive");
      }
      elements = Math.multiplyExact(elements, n);
    }
    long expected = dtype.bytes(elements);
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          name
              + ": "
              + data.byteSize()
              + " bytes, but "
              + dtype
              + " "
              + Arrays.toString(shape)
              + " takes "
              + expected);
    }
    if (dtype.blockElements() > 1 && shape[shape.length - 1] % dtype.blockElements() != 0) {
      throw new IllegalArgumentException(
          name + ": rows of " + shape[shape.length - 1] + " do not fill whole blocks of " + dtype);
    }
  }

  public long elements() {
    long elements = 1;
    for (long n : shape) {
      elements *= n;
    }
    return elements;
  }

  /** Length of the innermost dimension: the inputs of a matrix, the length of a vector. */
  public int columns() {
    return Math.toIntExact(shape[shape.length - 1]);
  }

  /** Product of all dimensions but the innermost: the outputs of a matrix, 1 for a vector. */
  public int rows() {
    return Math.toIntExact(elements() / columns());
  }

  /**
   * Rows {@code [from, to)} as a matrix, without copying: one expert of a stacked MoE weight, one
   * part of a fused one.
   */
  public HostTensor slice(int from, int to) {
    if (from < 0 || to > rows() || from >= to) {
      throw new IndexOutOfBoundsException(name + ": rows [" + from + ", " + to + ") of " + rows());
    }
    long rowBytes = dtype.bytes(columns());
    return new HostTensor(
        name + "[" + from + ":" + to + "]",
        dtype,
        new long[] {to - from, columns()},
        data.asSlice(from * rowBytes, (to - from) * rowBytes));
  }
}
