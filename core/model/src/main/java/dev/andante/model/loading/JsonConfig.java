package dev.andante.model.loading;

import dev.andante.model.UnsupportedModelException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to {@code config.json}. A null value counts as absent, as it does for those who
 * write these files.
 *
 * @param model for errors
 */
record JsonConfig(String model, Map<String, Object> values) {

  boolean has(String key) {
    return values.get(key) != null;
  }

  int integer(String key) {
    return Math.toIntExact(positive(key, require(key)));
  }

  int integer(String key, int otherwise) {
    return has(key) ? integer(key) : otherwise;
  }

  double number(String key) {
    Object value = require(key);
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw wrong(key, value, "a number");
  }

  double number(String key, double otherwise) {
    return has(key) ? number(key) : otherwise;
  }

  boolean flag(String key, boolean otherwise) {
    Object value = values.get(key);
    return switch (value) {
      case null -> otherwise;
      case Boolean flag -> flag;
      default -> throw wrong(key, value, "true or false");
    };
  }

  String text(String key, String otherwise) {
    Object value = values.get(key);
    return switch (value) {
      case null -> otherwise;
      case String text -> text;
      default -> throw wrong(key, value, "a string");
    };
  }

  List<?> list(String key) {
    Object value = values.get(key);
    return switch (value) {
      case null -> List.of();
      case List<?> list -> list;
      default -> throw wrong(key, value, "a list");
    };
  }

  /** An object inside this one; null if it is absent. */
  @Nullable JsonConfig object(String key) {
    Object value = values.get(key);
    if (value == null) {
      return null;
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw wrong(key, value, "an object");
    }
    Map<String, Object> inner = new HashMap<>();
    map.forEach((name, element) -> inner.put(String.valueOf(name), element));
    return new JsonConfig(model, inner);
  }

  /** Refuses every value but the given one, or absence. */
  void requireNoneBut(String key, Object only) {
    Object value = values.get(key);
    if (value != null && !Objects.equals(value, only)) {
      throw wrong(key, value, String.valueOf(only));
    }
  }

  UnsupportedModelException wrong(String key, @Nullable Object value, String supported) {
    return new UnsupportedModelException(model, "config.json: " + key + " = " + value, supported);
  }

  private Object require(String key) {
    Object value = values.get(key);
    if (value == null) {
      throw new UnsupportedModelException(
          model + ": config.json has no " + key + "; fetch the complete checkpoint");
    }
    return value;
  }

  private long positive(String key, Object value) {
    if (value instanceof Long number && number > 0 && number <= Integer.MAX_VALUE) {
      return number;
    }
    throw wrong(key, value, "a positive integer");
  }
}
