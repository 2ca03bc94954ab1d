package dev.andante.format;

import dev.andante.format.GgufValues.Array;
import dev.andante.format.GgufValues.Slot;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The key/values of a GGUF file. Values are decoded at each call, so keep what you need; after the
 * file is closed every getter but {@link #keys()} throws {@link IllegalStateException}.
 *
 * <p>A getter answers empty (an array getter: an empty array) where the key is missing, and throws
 * {@link ModelFormatException} where the value is of another kind. All integer types, signed and
 * unsigned, count as integers.
 */
public final class Metadata {
  private final Path path;
  private final Map<String, Slot> slots;
  private final @Nullable GgufValues values;

  Metadata(Path path, Map<String, Slot> slots, @Nullable GgufValues values) {
    this.path = path;
    this.slots = slots;
    this.values = values;
  }

  /** In file order, unmodifiable. */
  public Set<String> keys() {
    return slots.keySet();
  }

  public Optional<String> string(String key) {
    return Optional.ofNullable(scalar(key, String.class, "a string"));
  }

  public Optional<Boolean> bool(String key) {
    return Optional.ofNullable(scalar(key, Boolean.class, "a boolean"));
  }

  public boolean bool(String key, boolean otherwise) {
    return bool(key).orElse(otherwise);
  }

  /** Unsigned 64-bit values above the range of long are refused. */
  public OptionalLong integer(String key) {
    Long number = scalar(key, Long.class, "an integer that fits 63 bits");
    return number == null ? OptionalLong.empty() : OptionalLong.of(number);
  }

  public long integer(String key, long otherwise) {
    return integer(key).orElse(otherwise);
  }

  /** Integers are widened. */
  public OptionalDouble real(String key) {
    Number number = scalar(key, Number.class, "a number");
    return number == null ? OptionalDouble.empty() : OptionalDouble.of(number.doubleValue());
  }

  public double real(String key, double otherwise) {
    return real(key).orElse(otherwise);
  }

  /** A string that a model cannot do without. */
  public String requireString(String key) {
    return string(key).orElseThrow(() -> missing(key));
  }

  /** An integer that a model cannot do without. */
  public long requireInteger(String key) {
    return integer(key).orElseThrow(() -> missing(key));
  }

  public List<String> strings(String key) {
    Array array = array(key);
    if (array == null || array.count() == 0) {
      return List.of();
    }
    if (array.elementType() != GgufType.STRING) {
      throw wrongKind(key, "an array of strings");
    }
    return values().strings(array);
  }

  public long[] longs(String key) {
    Array array = array(key);
    if (array == null || array.count() == 0) {
      return new long[0];
    }
    return switch (array.elementType()) {
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> throw wrongKind(key, "an array of integers");
      default -> values().integers(array);
    };
  }

  /** Values outside the range of int are refused. */
  public int[] ints(String key) {
    long[] wide = longs(key);
    int[] numbers = new int[wide.length];
    for (int i = 0; i < wide.length; i++) {
      if (wide[i] != (int) wide[i]) {
        throw wrongKind(key, "an array of 32-bit integers");
      }
      numbers[i] = (int) wide[i];
    }
    return numbers;
  }

  public float[] floats(String key) {
    Array array = array(key);
    if (array == null || array.count() == 0) {
      return new float[0];
    }
    if (array.elementType() != GgufType.FLOAT32 && array.elementType() != GgufType.FLOAT64) {
      throw wrongKind(key, "an array of floats");
    }
    double[] wide = values().reals(array);
    float[] numbers = new float[wide.length];
    for (int i = 0; i < wide.length; i++) {
      numbers[i] = (float) wide[i];
    }
    return numbers;
  }

  /**
   * The value whatever it is: {@code String}, {@code Boolean}, {@code Long}, {@code BigInteger}
   * (unsigned 64-bit beyond long), {@code Double}; {@code long[]} and {@code double[]} for arrays
   * of numbers, {@code List<Object>} for other arrays and for those of unsigned 64-bit numbers.
   */
  public Optional<Object> raw(String key) {
    Slot slot = slots.get(key);
    return slot == null ? Optional.empty() : Optional.of(values().decode(slot));
  }

  private <T> @Nullable T scalar(String key, Class<T> kind, String kindInWords) {
    Slot slot = slots.get(key);
    if (slot == null) {
      return null;
    }
    Object value = slot.type() == GgufType.ARRAY ? this : values().decode(slot);
    if (!kind.isInstance(value)) {
      throw wrongKind(key, kindInWords);
    }
    return kind.cast(value);
  }

  private @Nullable Array array(String key) {
    Slot slot = slots.get(key);
    if (slot == null) {
      return null;
    }
    if (slot.type() != GgufType.ARRAY) {
      throw wrongKind(key, "an array");
    }
    return values().array(slot);
  }

  private GgufValues values() {
    if (values == null) {
      throw new IllegalStateException("metadata without values has no keys");
    }
    return values;
  }

  private ModelFormatException missing(String key) {
    return new ModelFormatException(
        path, null, -1, "metadata key '" + key + "' is missing; convert the model again");
  }

  private ModelFormatException wrongKind(String key, String wanted) {
    Slot slot = slots.get(key);
    return new ModelFormatException(
        path,
        null,
        slot == null ? -1 : slot.at(),
        "metadata key '"
            + Names.printable(key)
            + "' is not "
            + wanted
            + "; the file is damaged or of a newer kind, convert the model again");
  }
}
