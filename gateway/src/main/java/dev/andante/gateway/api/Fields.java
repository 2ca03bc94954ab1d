package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the fields of an object by name and type; null counts as absent. What does not fit throws a
 * 400 that names the field by its path, its limits, and never quotes text. One thread at a time.
 */
final class Fields {

  /** What an unknown field's name must look like to be repeated: others may be anything. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,63}");

  private final ObjectNode object;
  private final String path;
  private final Map<String, Set<String>> asked;

  private Fields(ObjectNode object, String path, Map<String, Set<String>> asked) {
    this.object = object;
    this.path = path;
    this.asked = asked;
  }

  static Fields root(ObjectNode object) {
    return new Fields(object, "", new HashMap<>());
  }

  String path(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** The value, unless absent or null. */
  @Nullable JsonNode get(String name) {
    namesAsked().add(name);
    JsonNode node = object.get(name);
    return node == null || node.isNull() ? null : node;
  }

  boolean has(String name) {
    return get(name) != null;
  }

  ApiException bad(String name, String what) {
    return ApiException.badRequest(path(name), "'" + path(name) + "' " + what + ".");
  }

  /** For what OpenAI's API has and this server cannot do. */
  ApiException unsupported(String name, String what) {
    return ApiException.invalid(
        400, path(name), "unsupported_parameter", "'" + path(name) + "' " + what + ".");
  }

  /**
   * To be called when all else has been read: what nobody has asked for by then is unknown here.
   * The names asked for are therefore the whole list of what is accepted.
   *
   * @throws ApiException 400 {@code unknown_parameter}
   */
  void refuseUnknown() {
    for (String name : object.propertyNames()) {
      if (namesAsked().contains(name) || object.get(name).isNull()) {
        continue;
      }
      boolean plain = NAME.matcher(name).matches();
      throw ApiException.invalid(
          400,
          plain ? path(name) : path.isEmpty() ? null : path,
          "unknown_parameter",
          plain
              ? "Unknown parameter: '" + path(name) + "'."
              : "The "
                  + (path.isEmpty() ? "body" : "'" + path + "'")
                  + " holds an unknown parameter.");
    }
  }

  private Set<String> namesAsked() {
    return asked.computeIfAbsent(path, at -> new LinkedHashSet<>());
  }

  /** The names asked for so far, here and in the objects inside, by the path of the object. */
  Map<String, Set<String>> asked() {
    return asked;
  }

  Optional<String> string(String name) {
    JsonNode node = get(name);
    return node == null ? Optional.empty() : Optional.of(text(node, name, "must be a string"));
  }

  String requiredString(String name) {
    return string(name).orElseThrow(() -> bad(name, "is required"));
  }

  boolean flag(String name, boolean absent) {
    JsonNode node = get(name);
    if (node == null) {
      return absent;
    }
    if (!node.isBoolean()) {
      throw bad(name, "must be true or false");
    }
    return node.booleanValue();
  }

  OptionalInt integer(String name, int min, int max) {
    JsonNode node = get(name);
    if (node == null) {
      return OptionalInt.empty();
    }
    String limits =
        "must be an integer "
            + (max == Integer.MAX_VALUE ? "of at least " + min : "from " + min + " to " + max);
    if (!node.isIntegralNumber()) {
      throw bad(name, limits);
    }
    if (!node.canConvertToInt() || node.intValue() < min || node.intValue() > max) {
      throw bad(name, limits + ", not " + shown(node));
    }
    return OptionalInt.of(node.intValue());
  }

  OptionalLong longInteger(String name) {
    JsonNode node = get(name);
    if (node == null) {
      return OptionalLong.empty();
    }
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw bad(name, "must be an integer of 64 bits");
    }
    return OptionalLong.of(node.longValue());
  }

  /**
   * @param aboveMin whether {@code min} itself is too small
   */
  float number(String name, double absent, double min, double max, boolean aboveMin) {
    return (float) number(name, min, max, aboveMin).orElse(absent);
  }

  /**
   * @param aboveMin whether {@code min} itself is too small
   */
  OptionalDouble number(String name, double min, double max, boolean aboveMin) {
    JsonNode node = get(name);
    if (node == null) {
      return OptionalDouble.empty();
    }
    String limits =
        "must be a number "
            + (aboveMin ? "above " + plain(min) + ", up to " : "from " + plain(min) + " to ")
            + plain(max);
    if (!node.isNumber()) {
      throw bad(name, limits);
    }
    double value = node.doubleValue();
    if (!(value <= max) || value < min || (aboveMin && value == min)) {
      throw bad(name, limits + ", not " + shown(node));
    }
    return OptionalDouble.of(value);
  }

  Optional<Fields> object(String name) {
    JsonNode node = get(name);
    if (node == null) {
      return Optional.empty();
    }
    if (!(node instanceof ObjectNode child)) {
      throw bad(name, "must be an object");
    }
    return Optional.of(new Fields(child, path(name), asked));
  }

  /** The elements of an array, each read by {@code element} given its path; empty if absent. */
  <T> List<T> array(String name, BiFunction<JsonNode, String, T> element) {
    JsonNode node = get(name);
    if (node == null) {
      return List.of();
    }
    if (!node.isArray()) {
      throw bad(name, "must be an array");
    }
    List<T> out = new ArrayList<>(node.size());
    for (JsonNode item : node) {
      out.add(element.apply(item, path(name) + "[" + out.size() + "]"));
    }
    return out;
  }

  /** An element that must be an object. */
  static Fields element(JsonNode node, String path) {
    if (!(node instanceof ObjectNode child)) {
      throw ApiException.badRequest(path, "'" + path + "' must be an object.");
    }
    return new Fields(child, path, new HashMap<>());
  }

  List<String> names() {
    return List.copyOf(object.propertyNames());
  }

  /** The text of a node at this object's {@code name}. */
  String text(JsonNode node, String name, String otherwise) {
    return text(
        node,
        path(name),
        ApiException.badRequest(path(name), "'" + path(name) + "' " + otherwise + "."));
  }

  static String text(JsonNode node, String path, ApiException otherwise) {
    if (!node.isString()) {
      throw otherwise;
    }
    String text = node.stringValue();
    if (!wellFormed(text)) {
      throw ApiException.badRequest(
          path, "'" + path + "' holds half of a surrogate pair, which is no character.");
    }
    return text;
  }

  private static boolean wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return false;
      }
    }
    return true;
  }

  private static String shown(JsonNode number) {
    String text = number.asString();
    return text.length() <= 24 ? text : text.substring(0, 24) + "…";
  }

  private static String plain(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
