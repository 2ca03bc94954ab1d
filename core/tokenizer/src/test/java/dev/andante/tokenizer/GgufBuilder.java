package dev.andante.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes GGUF files that have metadata and no tensors. */
final class GgufBuilder {
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private int keys;

  GgufBuilder string(String key, String value) {
    return key(key, 8).text(value);
  }

  GgufBuilder uint32(String key, int value) {
    return key(key, 4).int32(value);
  }

  GgufBuilder bool(String key, boolean value) {
    key(key, 7);
    body.write(value ? 1 : 0);
    return this;
  }

  GgufBuilder strings(String key, List<String> values) {
    key(key, 9).int32(8).int64(values.size());
    values.forEach(this::text);
    return this;
  }

  GgufBuilder ints(String key, List<Integer> values) {
    key(key, 9).int32(5).int64(values.size());
    values.forEach(this::int32);
    return this;
  }

  GgufBuilder floats(String key, List<Float> values) {
    key(key, 9).int32(6).int64(values.size());
    values.forEach(value -> int32(Float.floatToIntBits(value)));
    return this;
  }

  Path write(Path file) throws IOException {
    ByteBuffer head =
        ByteBuffer.allocate(24)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0x46554747)
            .putInt(3)
            .putLong(0)
            .putLong(keys);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(head.array());
    body.writeTo(all);
    return Files.write(file, all.toByteArray());
  }

  private GgufBuilder key(String key, int type) {
    keys++;
    return text(key).int32(type);
  }

  private GgufBuilder text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    int64(utf8.length);
    body.writeBytes(utf8);
    return this;
  }

  private GgufBuilder int32(int value) {
    body.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  private GgufBuilder int64(long value) {
    body.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }
}
