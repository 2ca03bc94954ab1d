package dev.andante.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads little-endian values one after the other and refuses to pass the end of the file. */
final class ByteCursor {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final MemorySegment bytes;
  private long position;

  ByteCursor(Path path, MemorySegment bytes, long position) {
    this.path = path;
    this.bytes = bytes;
    this.position = position;
  }

  long position() {
    return position;
  }

  long remaining() {
    return bytes.byteSize() - position;
  }

  int readByte(String what) {
    return bytes.get(ValueLayout.JAVA_BYTE, advance(1, what));
  }

  int readShort(String what) {
    return bytes.get(SHORT, advance(2, what));
  }

  int readInt(String what) {
    return bytes.get(INT, advance(4, what));
  }

  long readLong(String what) {
    return bytes.get(LONG, advance(8, what));
  }

  /**
   * A 64-bit count of things that take at least {@code leastBytes} each.
   *
   * @throws ModelFormatException if so many cannot follow, or if they are more than {@code most}
   */
  long readCount(String what, long leastBytes, long most) {
    long at = position;
    long count = readLong(what);
    if (count < 0 || count > remaining() / leastBytes || count > most) {
      throw problem(
          at,
          what
              + " is "
              + Long.toUnsignedString(count)
              + ", more than the file can hold or than is allowed ("
              + most
              + "); the file is damaged, fetch it again");
    }
    return count;
  }

  /** Length-prefixed UTF-8; malformed input is refused. */
  String readName(String what, int longest) {
    long at = position;
    long length = readCount("length of " + what, 1, longest);
    byte[] raw = bytes.asSlice(advance(length, what), length).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
    } catch (CharacterCodingException e) {
      throw problem(at, what + " is not UTF-8; the file is damaged, fetch it again");
    }
  }

  /** Skips {@code length} bytes and returns where they start. */
  long advance(long length, String what) {
    if (length < 0 || length > remaining()) {
      throw problem(
          position,
          "the file ends inside " + what + "; it is cut short or damaged, fetch it again");
    }
    long start = position;
    position += length;
    return start;
  }

  ModelFormatException problem(long at, String text) {
    return new ModelFormatException(path, null, at, text);
  }
}
