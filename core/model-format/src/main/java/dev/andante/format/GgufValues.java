package dev.andante.format;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Metadata values where they lie in the mapped file. {@link #skip} checks a value once, when the
 * file is opened; {@link #decode} makes objects of it when somebody asks.
 */
final class GgufValues {
  /** Elements of one array; vocabularies have some hundred thousand. */
  static final long MOST_ELEMENTS = 1L << 22;

  /** Bytes of one string; a tokenizer.json kept inside a GGUF file has some ten million. */
  static final int LONGEST_STRING = 1 << 26;

  private static final int DEEPEST = 4;

  private final Path path;
  private final MemorySegment bytes;

  GgufValues(Path path, MemorySegment bytes) {
    this.path = path;
    this.bytes = bytes;
  }

  /** Where a value is: its type, and the position of its first byte. */
  record Slot(GgufType type, long at) {}

  /** The head of an array. */
  record Array(GgufType elementType, int count, long at) {}

  static GgufType readType(ByteCursor cursor, String what) {
    long at = cursor.position();
    int number = cursor.readInt(what);
    GgufType type = GgufType.of(number);
    if (type == null) {
      throw cursor.problem(
          at, what + " is " + Integer.toUnsignedString(number) + ", which GGUF does not define");
    }
    return type;
  }

  /** Moves the cursor past a value, having made sure that all of it is there. */
  static void skip(ByteCursor cursor, GgufType type, String what) {
    skip(cursor, type, what, 0);
  }

  private static void skip(ByteCursor cursor, GgufType type, String what, int depth) {
    switch (type) {
      case STRING -> cursor.advance(cursor.readCount("length of " + what, 1, LONGEST_STRING), what);
      case ARRAY -> skipArray(cursor, what, depth);
      default -> cursor.advance(type.leastBytes(), what);
    }
  }

  private static void skipArray(ByteCursor cursor, String what, int depth) {
    if (depth == DEEPEST) {
      throw cursor.problem(
          cursor.position(), what + " nests arrays more than " + DEEPEST + " deep");
    }
    GgufType element = readType(cursor, "element type of " + what);
    long count = cursor.readCount("length of " + what, element.leastBytes(), MOST_ELEMENTS);
    if (element == GgufType.STRING || element == GgufType.ARRAY) {
      for (long i = 0; i < count; i++) {
        skip(cursor, element, what, depth + 1);
      }
    } else {
      cursor.advance(count * element.leastBytes(), what);
    }
  }

  /**
   * Integers come as {@code Long} (beyond its range as {@code BigInteger}), floats as {@code
   * Double}, arrays of integers, floats and the rest as {@code long[]}, {@code double[]} and {@code
   * List}.
   */
  Object decode(Slot slot) {
    return decode(new ByteCursor(path, bytes, slot.at()), slot.type());
  }

  Array array(Slot slot) {
    ByteCursor cursor = new ByteCursor(path, bytes, slot.at());
    GgufType element = readType(cursor, "element type");
    int count = Math.toIntExact(cursor.readCount("length", element.leastBytes(), MOST_ELEMENTS));
    return new Array(element, count, cursor.position());
  }

  List<String> strings(Array array) {
    ByteCursor cursor = new ByteCursor(path, bytes, array.at());
    List<String> list = new ArrayList<>(array.count());
    for (int i = 0; i < array.count(); i++) {
      list.add(string(cursor));
    }
    return List.copyOf(list);
  }

  long[] integers(Array array) {
    ByteCursor cursor = new ByteCursor(path, bytes, array.at());
    long[] numbers = new long[array.count()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = integer(cursor, array.elementType());
    }
    return numbers;
  }

  double[] reals(Array array) {
    ByteCursor cursor = new ByteCursor(path, bytes, array.at());
    double[] numbers = new double[array.count()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = real(cursor, array.elementType());
    }
    return numbers;
  }

  private Object decode(ByteCursor cursor, GgufType type) {
    return switch (type) {
      case STRING -> string(cursor);
      case BOOL -> cursor.readByte("boolean") != 0;
      case FLOAT32, FLOAT64 -> real(cursor, type);
      case UINT64 -> unsigned(integer(cursor, type));
      case ARRAY -> list(cursor);
      default -> integer(cursor, type);
    };
  }

  private Object list(ByteCursor cursor) {
    Slot slot = new Slot(GgufType.ARRAY, cursor.position());
    Array array = array(slot);
    Object decoded =
        switch (array.elementType()) {
          case STRING, ARRAY, BOOL, UINT64 -> null;
          case FLOAT32, FLOAT64 -> reals(array);
          default -> integers(array);
        };
    if (decoded == null) {
      ByteCursor elements = new ByteCursor(path, bytes, array.at());
      List<Object> list = new ArrayList<>(array.count());
      for (int i = 0; i < array.count(); i++) {
        list.add(decode(elements, array.elementType()));
      }
      decoded = List.copyOf(list);
    }
    skip(cursor, GgufType.ARRAY, "array");
    return decoded;
  }

  private static Object unsigned(long bits) {
    return bits >= 0 ? (Object) bits : new BigInteger(Long.toUnsignedString(bits));
  }

  private static long integer(ByteCursor cursor, GgufType type) {
    return switch (type) {
      case UINT8 -> cursor.readByte("integer") & 0xFF;
      case INT8 -> cursor.readByte("integer");
      case UINT16 -> cursor.readShort("integer") & 0xFFFF;
      case INT16 -> cursor.readShort("integer");
      case UINT32 -> Integer.toUnsignedLong(cursor.readInt("integer"));
      case INT32 -> cursor.readInt("integer");
      case UINT64, INT64 -> cursor.readLong("integer");
      default -> throw new IllegalArgumentException(type + " is no integer type");
    };
  }

  private static double real(ByteCursor cursor, GgufType type) {
    return switch (type) {
      case FLOAT32 -> Float.intBitsToFloat(cursor.readInt("float"));
      case FLOAT64 -> Double.longBitsToDouble(cursor.readLong("float"));
      default -> throw new IllegalArgumentException(type + " is no float type");
    };
  }

  /** Values, unlike names, may hold malformed UTF-8 (a token cut anywhere): it becomes U+FFFD. */
  private String string(ByteCursor cursor) {
    long length = cursor.readCount("length of string", 1, LONGEST_STRING);
    byte[] raw = new byte[(int) length];
    MemorySegment.ofArray(raw).copyFrom(bytes.asSlice(cursor.advance(length, "string"), length));
    return new String(raw, StandardCharsets.UTF_8);
  }
}
