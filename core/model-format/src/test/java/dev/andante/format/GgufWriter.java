package dev.andante.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files byte by byte, right ones and wrong ones. */
final class GgufWriter {
  private record Tensor(String name, long[] dims, int type, long offset) {}

  private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
  private final List<Tensor> tensors = new ArrayList<>();
  private int version = 3;
  private int alignment = 32;
  private long keys;

  GgufWriter version(int version) {
    this.version = version;
    return this;
  }

  GgufWriter alignment(int alignment) {
    this.alignment = alignment;
    return key("general.alignment", 4, le(4).putInt(alignment));
  }

  GgufWriter key(String key, int type, ByteBuffer value) {
    keys++;
    text(metadata, key);
    metadata.writeBytes(le(4).putInt(type).array());
    metadata.writeBytes(raw(value));
    return this;
  }

  GgufWriter string(String key, String value) {
    return key(key, 8, textBytes(value));
  }

  GgufWriter array(String key, int elementType, int count, ByteBuffer elements) {
    return key(key, 9, arrayBytes(elementType, count, elements));
  }

  GgufWriter strings(String key, String... values) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String value : values) {
      text(out, value);
    }
    return array(key, 8, values.length, ByteBuffer.wrap(out.toByteArray()));
  }

  /**
   * @param dims innermost first, as in the file
   */
  GgufWriter tensor(String name, int type, long offset, long... dims) {
    tensors.add(new Tensor(name, dims, type, offset));
    return this;
  }

  /** The file with so many bytes of weights, counting up from 0. */
  byte[] bytes(int dataBytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        le(24).putInt(0x46554747).putInt(version).putLong(tensors.size()).putLong(keys).array());
    out.writeBytes(metadata.toByteArray());
    for (Tensor tensor : tensors) {
      text(out, tensor.name());
      out.writeBytes(le(4).putInt(tensor.dims().length).array());
      for (long dim : tensor.dims()) {
        out.writeBytes(le(8).putLong(dim).array());
      }
      out.writeBytes(le(12).putInt(tensor.type()).putLong(tensor.offset()).array());
    }
    while (out.size() % alignment != 0) {
      out.write(0);
    }
    for (int i = 0; i < dataBytes; i++) {
      out.write(i);
    }
    return out.toByteArray();
  }

  static ByteBuffer le(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ByteBuffer arrayBytes(int elementType, long count, ByteBuffer elements) {
    return le(12 + elements.capacity()).putInt(elementType).putLong(count).put(raw(elements));
  }

  static ByteBuffer textBytes(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return le(8 + utf8.length).putLong(utf8.length).put(utf8);
  }

  private static byte[] raw(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static void text(ByteArrayOutputStream out, String value) {
    out.writeBytes(textBytes(value).array());
  }

  /** A file with every metadata type and every supported tensor type. */
  static GgufWriter everything() {
    ByteBuffer nested =
        le(2 * 12 + 3 * 2)
            .put(arrayBytes(2, 2, le(4).putShort((short) 1).putShort((short) 2)).array())
            .put(arrayBytes(2, 1, le(2).putShort((short) 3)).array());
    GgufWriter writer =
        new GgufWriter()
            .alignment(64)
            .key("u8", 0, le(1).put((byte) 200))
            .key("i8", 1, le(1).put((byte) -5))
            .key("u16", 2, le(2).putShort((short) 60000))
            .key("i16", 3, le(2).putShort((short) -600))
            .key("u32", 4, le(4).putInt((int) 4_000_000_000L))
            .key("i32", 5, le(4).putInt(-7))
            .key("f32", 6, le(4).putFloat(1.5f))
            .key("bool", 7, le(1).put((byte) 1))
            .string("string", "héllo")
            .key("u64", 10, le(8).putLong(1L << 62))
            .key("u64.large", 10, le(8).putLong(-1L))
            .key("i64", 11, le(8).putLong(-9L))
            .key("f64", 12, le(8).putDouble(2.25))
            .strings("strings", "a", "", "Ġthe", "😀")
            .array("ints", 5, 3, le(12).putInt(1).putInt(-2).putInt(3))
            .array("u32s", 4, 1, le(4).putInt(-1))
            .array("floats", 6, 2, le(8).putFloat(0.5f).putFloat(-1f))
            .array("doubles", 12, 1, le(8).putDouble(0.25))
            .array("bools", 7, 2, le(2).put((byte) 1).put((byte) 0))
            .array("u64s", 10, 2, le(16).putLong(1).putLong(-1))
            .array("nested", 9, 2, nested)
            .array("empty", 8, 0, le(0));
    int[] types = {0, 1, 30, 2, 3, 6, 7, 8, 12, 13, 14};
    long offset = 0;
    for (int type : types) {
      TensorType known = GgufTensorTypes.supported(type);
      writer.tensor("t." + known, type, offset, 256, 2);
      offset += Math.ceilDiv(512L / known.blockElements() * known.blockBytes(), 64L) * 64;
    }
    return writer;
  }

  static final int EVERYTHING_BYTES = 8192;
}
