package dev.andante.format;

import dev.andante.format.GgufValues.Slot;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Everything in a GGUF file before the weights: the layout is that of ggml's docs/gguf.md, versions
 * 2 and 3.
 *
 * @param dataStart position of the first weight, where the header and its padding end
 */
record GgufHeader(
    int version, Map<String, Slot> metadata, Map<String, TensorInfo> tensors, long dataStart) {

  private static final int MAGIC = 0x46554747; // "GGUF", read as little endian
  private static final String ALIGNMENT_KEY = "general.alignment";
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int LARGEST_ALIGNMENT = 1 << 20;
  private static final int MOST_KEYS = 1 << 16;
  private static final int MOST_TENSORS = 1 << 18;
  private static final int LONGEST_KEY = 65_535;
  private static final int LONGEST_TENSOR_NAME = 1024;
  private static final int MOST_DIMENSIONS = 4;

  /** Least bytes of a key/value: length of the key, type, value. */
  private static final int KEY_VALUE_BYTES = 8 + 4 + 1;

  /** Least bytes of a tensor: length of the name, dimension count, type, offset. */
  private static final int TENSOR_BYTES = 8 + 4 + 4 + 8;

  static GgufHeader read(MappedFile file) {
    return new Reader(file).read();
  }

  /** One pass over the header. */
  private static final class Reader {
    private final MappedFile file;
    private final ByteCursor cursor;
    private final Map<String, Slot> metadata = new LinkedHashMap<>();
    private final Map<String, RawTensor> raw = new LinkedHashMap<>();

    private record RawTensor(long at, TensorType type, long[] shape, long relativeOffset) {}

    Reader(MappedFile file) {
      this.file = file;
      this.cursor = new ByteCursor(file.path(), file.bytes(), 0);
    }

    GgufHeader read() {
      int version = readVersion();
      long tensorCount = cursor.readCount("tensor count", TENSOR_BYTES, MOST_TENSORS);
      long keyCount = cursor.readCount("metadata count", KEY_VALUE_BYTES, MOST_KEYS);
      for (long i = 0; i < keyCount; i++) {
        readKeyValue();
      }
      for (long i = 0; i < tensorCount; i++) {
        readTensor();
      }
      long alignment = alignment();
      long dataStart = Math.ceilDiv(cursor.position(), alignment) * alignment;
      Map<String, TensorInfo> tensors = new LinkedHashMap<>();
      raw.forEach((name, tensor) -> tensors.put(name, place(name, tensor, alignment, dataStart)));
      Placement.requireDisjoint(file.path(), tensors.values());
      return new GgufHeader(
          version,
          Collections.unmodifiableMap(metadata),
          Collections.unmodifiableMap(tensors),
          Math.min(dataStart, file.bytes().byteSize()));
    }

    private int readVersion() {
      if (cursor.readInt("magic number") != MAGIC) {
        throw cursor.problem(
            0, "is not a GGUF file (wrong magic number); give a .gguf or .safetensors file");
      }
      int version = cursor.readInt("version");
      if (version == 2 || version == 3) {
        return version;
      }
      int swapped = Integer.reverseBytes(version);
      if (swapped >= 1 && swapped <= 3) {
        throw cursor.problem(
            4, "is a big-endian GGUF file; only little-endian ones are read, convert it");
      }
      throw cursor.problem(
          4,
          "is GGUF version "
              + Integer.toUnsignedString(version)
              + "; versions 2 and 3 are read, convert the model again");
    }

    private void readKeyValue() {
      long at = cursor.position();
      String key = cursor.readName("metadata key", LONGEST_KEY);
      String what = "metadata '" + Names.printable(key) + "'";
      GgufType type = GgufValues.readType(cursor, "type of " + what);
      Slot slot = new Slot(type, cursor.position());
      GgufValues.skip(cursor, type, what);
      if (metadata.put(key, slot) != null) {
        throw cursor.problem(at, what + " appears twice; the file is damaged, fetch it again");
      }
    }

    private void readTensor() {
      long at = cursor.position();
      String name = cursor.readName("tensor name", LONGEST_TENSOR_NAME);
      int dimensions = cursor.readInt("dimension count");
      if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
        throw problem(
            name,
            at,
            "has " + Integer.toUnsignedString(dimensions) + " dimensions; 1 to 4 are allowed");
      }
      long[] shape = new long[dimensions];
      for (int i = dimensions - 1; i >= 0; i--) {
        shape[i] = cursor.readLong("dimension");
        if (shape[i] <= 0) {
          throw problem(
              name, at, "has a dimension of " + Long.toUnsignedString(shape[i]) + " elements");
        }
      }
      int number = cursor.readInt("tensor type");
      TensorType type = GgufTensorTypes.supported(number);
      if (type == null) {
        throw problem(
            name,
            at,
            "is of type "
                + GgufTensorTypes.nameOf(number)
                + ", which is not supported; use a model quantised as F32, F16, BF16, Q4_0, Q4_1,"
                + " Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K");
      }
      long relativeOffset = cursor.readLong("tensor offset");
      if (raw.put(name, new RawTensor(at, type, shape, relativeOffset)) != null) {
        throw problem(name, at, "appears twice; the file is damaged, fetch it again");
      }
    }

    private long alignment() {
      Slot slot = metadata.get(ALIGNMENT_KEY);
      if (slot == null) {
        return DEFAULT_ALIGNMENT;
      }
      Metadata readable =
          new Metadata(file.path(), metadata, new GgufValues(file.path(), file.bytes()));
      long alignment = readable.requireInteger(ALIGNMENT_KEY);
      if (alignment < 1 || alignment > LARGEST_ALIGNMENT || Long.bitCount(alignment) != 1) {
        throw cursor.problem(
            slot.at(),
            ALIGNMENT_KEY + " is " + alignment + ", not a power of two up to " + LARGEST_ALIGNMENT);
      }
      return alignment;
    }

    private TensorInfo place(String name, RawTensor tensor, long alignment, long dataStart) {
      long bytes = Placement.bytes(file.path(), name, tensor.at(), tensor.type(), tensor.shape());
      long relative = tensor.relativeOffset();
      long room = file.bytes().byteSize() - dataStart;
      if (relative < 0 || relative > room || bytes > room - relative) {
        throw problem(
            name,
            tensor.at(),
            "has %d bytes at %s of the weights, but there are only %d; fetch the file again"
                .formatted(bytes, Long.toUnsignedString(relative), Math.max(0, room)));
      }
      if (relative % alignment != 0) {
        throw problem(
            name,
            tensor.at(),
            "starts at " + relative + ", not a multiple of the alignment " + alignment);
      }
      return new TensorInfo(name, tensor.type(), tensor.shape(), dataStart + relative, bytes);
    }

    private ModelFormatException problem(String tensor, long at, String text) {
      return new ModelFormatException(file.path(), tensor, at, text);
    }
  }
}
