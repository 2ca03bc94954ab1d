package dev.andante.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One safetensors file: eight bytes of header length, a JSON header, the weights. Like the
 * reference reader this refuses weights that overlap or leave gaps.
 *
 * @param dataStart position of the first weight
 * @param tensors by name, by offset
 */
record SafetensorsShard(MappedFile file, long dataStart, Map<String, TensorInfo> tensors) {
  /** The limit of the reference implementation. */
  private static final long LONGEST_HEADER = 100_000_000;

  private static final int MOST_TENSORS = 1 << 18;
  private static final int MOST_DIMENSIONS = 8;

  static SafetensorsShard open(Path path, Arena arena) {
    MappedFile file = MappedFile.map(path, arena);
    ByteCursor cursor = new ByteCursor(path, file.bytes(), 0);
    long length = cursor.readCount("header length", 1, LONGEST_HEADER);
    long dataStart = cursor.position() + length;
    byte[] header = file.bytes().asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
    Map<String, Object> json = Json.parseObject(path, 8, header);
    if (json.size() > MOST_TENSORS) {
      throw cursor.problem(8, "has " + json.size() + " tensors, more than is allowed");
    }
    Map<String, TensorInfo> tensors = LinkedHashMap.newLinkedHashMap(json.size());
    json.forEach(
        (name, entry) -> {
          if (!name.equals("__metadata__")) {
            tensors.put(name, tensor(path, name, entry, dataStart));
          }
        });
    return new SafetensorsShard(file, dataStart, sorted(file, dataStart, tensors));
  }

  MemorySegment data(TensorInfo info) {
    return file.bytes().asSlice(info.offset(), info.bytes());
  }

  private static TensorInfo tensor(Path path, String name, @Nullable Object entry, long dataStart) {
    if (!(entry instanceof Map<?, ?> fields)) {
      throw malformed(path, name, "is not described by a JSON object");
    }
    TensorType type = type(path, name, fields.get("dtype"));
    long[] shape = numbers(path, name, fields.get("shape"), "shape", MOST_DIMENSIONS);
    long[] ends = numbers(path, name, fields.get("data_offsets"), "data_offsets", 2);
    if (ends.length != 2 || ends[0] > ends[1]) {
      throw malformed(path, name, "data_offsets are not a start and an end");
    }
    long bytes = Placement.bytes(path, name, 8, type, shape);
    if (bytes != ends[1] - ends[0]) {
      throw malformed(
          path,
          name,
          "its type and shape need %d bytes, its data_offsets say %d"
              .formatted(bytes, ends[1] - ends[0]));
    }
    try {
      return new TensorInfo(name, type, shape, Math.addExact(dataStart, ends[0]), bytes);
    } catch (ArithmeticException e) {
      throw malformed(path, name, "data_offsets lie beyond any file");
    }
  }

  private static TensorType type(Path path, String name, @Nullable Object dtype) {
    if (!(dtype instanceof String word)) {
      throw malformed(path, name, "has no dtype");
    }
    return switch (word.toUpperCase(Locale.ROOT)) {
      case "F32" -> TensorType.F32;
      case "F16" -> TensorType.F16;
      case "BF16" -> TensorType.BF16;
      default ->
          throw new ModelFormatException(
              path,
              name,
              8,
              "is of type "
                  + Names.printable(word)
                  + ", which is not supported; use a checkpoint in F32, F16 or BF16");
    };
  }

  private static long[] numbers(
      Path path, String name, @Nullable Object value, String field, int most) {
    if (!(value instanceof List<?> list) || list.size() > most) {
      throw malformed(path, name, field + " is not an array of at most " + most + " numbers");
    }
    long[] numbers = new long[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      if (!(list.get(i) instanceof Long number) || number < 0) {
        throw malformed(path, name, field + " holds something other than a size");
      }
      numbers[i] = number;
    }
    return numbers;
  }

  private static Map<String, TensorInfo> sorted(
      MappedFile file, long dataStart, Map<String, TensorInfo> tensors) {
    Map<String, TensorInfo> sorted = LinkedHashMap.newLinkedHashMap(tensors.size());
    long end = dataStart;
    for (TensorInfo tensor : Placement.requireDisjoint(file.path(), tensors.values())) {
      if (tensor.bytes() > file.bytes().byteSize() - tensor.offset()) {
        throw new ModelFormatException(
            file.path(),
            tensor.name(),
            tensor.offset(),
            "its %d bytes end beyond the file of %d; it is cut short, fetch it again"
                .formatted(tensor.bytes(), file.bytes().byteSize()));
      }
      if (tensor.bytes() > 0 && tensor.offset() != end) {
        throw malformed(file.path(), tensor.name(), "leaves a gap before its weights");
      }
      end = Math.max(end, tensor.offset() + tensor.bytes());
      sorted.put(tensor.name(), tensor);
    }
    if (end != file.bytes().byteSize()) {
      throw new ModelFormatException(
          file.path(),
          null,
          end,
          "has %d bytes after the last tensor; fetch it again"
              .formatted(file.bytes().byteSize() - end));
    }
    return Collections.unmodifiableMap(sorted);
  }

  private static ModelFormatException malformed(Path path, String tensor, String text) {
    return new ModelFormatException(
        path, tensor, 8, text + "; the file is damaged, fetch it again");
  }
}
