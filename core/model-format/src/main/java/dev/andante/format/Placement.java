package dev.andante.format;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Sizes of tensors and how they lie in a file. */
final class Placement {
  private Placement() {}

  /**
   * Stored size of a tensor.
   *
   * @throws ModelFormatException if rows do not fill whole blocks or the size does not fit a long
   */
  static long bytes(Path path, String tensor, long at, TensorType type, long[] shape) {
    try {
      long elements = 1;
      for (long dimension : shape) {
        elements = Math.multiplyExact(elements, dimension);
      }
      long row = shape.length == 0 ? 1 : shape[shape.length - 1];
      if (row % type.blockElements() != 0) {
        throw new ModelFormatException(
            path,
            tensor,
            at,
            "rows of %d elements do not fill blocks of %d (%s); convert the model again"
                .formatted(row, type.blockElements(), type));
      }
      return Math.multiplyExact(elements / type.blockElements(), (long) type.blockBytes());
    } catch (ArithmeticException e) {
      throw new ModelFormatException(
          path, tensor, at, "its dimensions overflow; the file is damaged, fetch it again", e);
    }
  }

  /** Returns the tensors by offset, having made sure that no two share a byte. */
  static List<TensorInfo> requireDisjoint(Path path, Collection<TensorInfo> tensors) {
    List<TensorInfo> sorted =
        tensors.stream().sorted(Comparator.comparingLong(TensorInfo::offset)).toList();
    long end = 0;
    String before = "";
    for (TensorInfo tensor : sorted) {
      if (tensor.bytes() == 0) {
        continue;
      }
      if (tensor.offset() < end) {
        throw new ModelFormatException(
            path,
            tensor.name(),
            tensor.offset(),
            "overlaps tensor '"
                + Names.printable(before)
                + "'; the file is damaged, fetch it again");
      }
      end = tensor.offset() + tensor.bytes();
      before = tensor.name();
    }
    return sorted;
  }
}
