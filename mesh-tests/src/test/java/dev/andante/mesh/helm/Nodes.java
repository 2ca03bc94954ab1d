package dev.andante.mesh.helm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Typed looks into parsed YAML. */
final class Nodes {

  private Nodes() {}

  static Map<String, Object> map(@Nullable Object node) {
    Map<String, Object> typed = new LinkedHashMap<>();
    if (!(node instanceof Map<?, ?> map)) {
      throw new IllegalStateException("not a map: " + node);
    }
    map.forEach((key, value) -> typed.put(String.valueOf(key), value));
    return typed;
  }

  /** The node at a path of keys, or null. */
  static @Nullable Object at(Object node, String... path) {
    @Nullable Object current = node;
    for (String key : path) {
      current = current instanceof Map<?, ?> map ? map.get(key) : null;
    }
    return current;
  }

  static String text(Object node, String... path) {
    return String.valueOf(at(node, path));
  }

  static List<?> list(Object node, String... path) {
    if (!(at(node, path) instanceof List<?> list)) {
      throw new IllegalStateException("no list at " + String.join(".", path));
    }
    return list;
  }
}
