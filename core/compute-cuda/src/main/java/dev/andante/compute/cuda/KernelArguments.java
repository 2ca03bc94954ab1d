package dev.andante.compute.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The structure that a kernel takes by value, packed with the alignment of C. */
final class KernelArguments {

  /** What the driver accepts for one launch. */
  static final int MAX_BYTES = 4096;

  private ByteBuffer buffer = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);

  /** A pointer or a 64-bit number. */
  KernelArguments add(long value) {
    room(8);
    buffer.putLong(value);
    return this;
  }

  KernelArguments add(int value) {
    room(4);
    buffer.putInt(value);
    return this;
  }

  KernelArguments add(float value) {
    room(4);
    buffer.putFloat(value);
    return this;
  }

  KernelArguments add(boolean value) {
    return add(value ? 1 : 0);
  }

  private void room(int size) {
    int at = (buffer.position() + size - 1) / size * size;
    if (at + size > buffer.capacity()) {
      ByteBuffer larger = ByteBuffer.allocate(2 * buffer.capacity()).order(ByteOrder.LITTLE_ENDIAN);
      buffer.flip();
      buffer = larger.put(buffer);
    }
    buffer.position(at);
  }

  byte[] toBytes() {
    return Arrays.copyOf(buffer.array(), buffer.position());
  }
}
