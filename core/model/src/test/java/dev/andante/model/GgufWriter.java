package dev.andante.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes small GGUF files, version 3, with float32 tensors. */
public final class GgufWriter {

  private static final int ALIGNMENT = 32;
  private static final int UINT32 = 4;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, Entry> tensors = new LinkedHashMap<>();

  private record Entry(long[] shape, float[] values) {}

  /** A value of type Integer, Float, Boolean or String. */
  public GgufWriter put(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  public GgufWriter remove(String key) {
    metadata.remove(key);
    tensors.remove(key);
    return this;
  }

  /**
   * @param shape outermost dimension first
   */
  public GgufWriter tensor(String name, float[] values, long... shape) {
    tensors.put(name, new Entry(shape, values));
    return this;
  }

  public Path write(Path path) {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    header.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    header.writeBytes(ints(3));
    header.writeBytes(longs(tensors.size(), metadata.size()));
    metadata.forEach((key, value) -> writeValue(header, key, value));
    long offset = 0;
    for (Map.Entry<String, Entry> tensor : tensors.entrySet()) {
      long[] shape = tensor.getValue().shape();
      writeString(header, tensor.getKey());
      header.writeBytes(ints(shape.length));
      for (int i = shape.length - 1; i >= 0; i--) {
        header.writeBytes(longs(shape[i]));
      }
      header.writeBytes(ints(0)); // F32
      header.writeBytes(longs(offset));
      offset += align(4L * tensor.getValue().values().length);
    }
    pad(header);
    tensors.values().forEach(tensor -> writeData(header, tensor.values()));
    try {
      return Files.write(path, header.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeValue(ByteArrayOutputStream out, String key, Object value) {
    writeString(out, key);
    switch (value) {
      case Integer number -> out.writeBytes(ints(UINT32, number));
      case Float number -> out.writeBytes(ints(FLOAT32, Float.floatToIntBits(number)));
      case Boolean flag -> {
        out.writeBytes(ints(BOOL));
        out.write(flag ? 1 : 0);
      }
      case String text -> {
        out.writeBytes(ints(STRING));
        writeString(out, text);
      }
      default -> throw new IllegalArgumentException("no GGUF type for " + value);
    }
  }

  private static void writeString(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(longs(bytes.length));
    out.writeBytes(bytes);
  }

  private static void writeData(ByteArrayOutputStream out, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    out.writeBytes(bytes.array());
    pad(out);
  }

  private static void pad(ByteArrayOutputStream out) {
    out.writeBytes(new byte[(int) (align(out.size()) - out.size())]);
  }

  private static long align(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static byte[] ints(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    return bytes.array();
  }

  private static byte[] longs(long... values) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(values);
    return bytes.array();
  }
}
