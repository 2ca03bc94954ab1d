package dev.andante.gateway.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The API's description, and whether a value is as it says; as much of JSON Schema as it uses. */
public final class OpenApi {

  private static final Set<String> KEYWORDS =
      Set.of(
          "$ref",
          "additionalProperties",
          "allOf",
          "default",
          "description",
          "enum",
          "exclusiveMinimum",
          "format",
          "items",
          "maxItems",
          "maximum",
          "minItems",
          "minLength",
          "minimum",
          "oneOf",
          "properties",
          "required",
          "type",
          "unevaluatedProperties");

  private final JsonNode document;

  public OpenApi(JsonNode document) {
    this.document = document;
  }

  static OpenApi read() {
    try (InputStream in = OpenApi.class.getResourceAsStream("/openapi.json")) {
      return new OpenApi(JsonMapper.shared().readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public JsonNode document() {
    return document;
  }

  /** What a reference in the document leads to. */
  public JsonNode resolve(JsonNode node) {
    String reference = node.path("$ref").asString("");
    if (reference.isEmpty()) {
      return node;
    }
    JsonNode target = document.at(reference.substring(1));
    if (target.isMissingNode()) {
      throw new AssertionError(reference + " leads nowhere");
    }
    return target;
  }

  public JsonNode schema(String name) {
    return resolve(document.at("/components/schemas/" + name));
  }

  /** The properties of an object, those it shares with others included. */
  Map<String, JsonNode> properties(JsonNode schema) {
    Map<String, JsonNode> all = new TreeMap<>();
    JsonNode resolved = resolve(schema);
    resolved.path("properties").properties().forEach(e -> all.put(e.getKey(), e.getValue()));
    resolved.path("allOf").forEach(part -> all.putAll(properties(part)));
    return all;
  }

  /** What is wrong with a value; empty if nothing is. */
  public List<String> faults(JsonNode value, String schema) {
    List<String> faults = new ArrayList<>();
    check(value, schema(schema), "$", faults);
    return faults;
  }

  private void check(JsonNode value, JsonNode reference, String at, List<String> faults) {
    JsonNode schema = resolve(reference);
    schema.propertyNames().stream()
        .filter(keyword -> !KEYWORDS.contains(keyword))
        .forEach(keyword -> faults.add(at + ": unknown keyword " + keyword));
    if (schema.has("type") && !ofType(value, schema.get("type"))) {
      faults.add(at + ": is no " + schema.get("type"));
      return;
    }
    if (schema.has("enum") && schema.get("enum").valueStream().noneMatch(value::equals)) {
      faults.add(at + ": is none of " + schema.get("enum"));
    }
    if (schema.has("oneOf")) {
      long fitting = schema.get("oneOf").valueStream().filter(one -> fits(value, one)).count();
      if (fitting != 1) {
        faults.add(at + ": fits " + fitting + " of oneOf");
      }
    }
    schema.path("allOf").forEach(part -> check(value, part, at, faults));
    if (value.isObject()) {
      object(value, schema, at, faults);
    } else if (value.isArray() && schema.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        check(value.get(i), schema.get("items"), at + "[" + i + "]", faults);
      }
    }
  }

  private void object(JsonNode value, JsonNode schema, String at, List<String> faults) {
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.asString())) {
        faults.add(at + ": lacks " + name.asString());
      }
    }
    JsonNode others = schema.path("additionalProperties");
    for (String name : value.propertyNames()) {
      JsonNode property = schema.path("properties").path(name);
      JsonNode by = property.isMissingNode() && others.isObject() ? others : property;
      if (!by.isMissingNode()) {
        check(value.get(name), by, at + "." + name, faults);
      } else if (others.isBoolean() && !others.booleanValue()) {
        faults.add(at + ": has " + name);
      }
    }
    Set<String> unknown = new LinkedHashSet<>(value.propertyNames());
    unknown.removeAll(properties(schema).keySet());
    if (schema.has("unevaluatedProperties") && !unknown.isEmpty()) {
      faults.add(at + ": has " + unknown);
    }
  }

  private boolean fits(JsonNode value, JsonNode schema) {
    List<String> faults = new ArrayList<>();
    check(value, schema, "", faults);
    return faults.isEmpty();
  }

  private static boolean ofType(JsonNode value, JsonNode types) {
    return types.isArray()
        ? types.valueStream().anyMatch(type -> ofType(value, type))
        : switch (types.asString()) {
          case "null" -> value.isNull();
          case "object" -> value.isObject();
          case "array" -> value.isArray();
          case "string" -> value.isString();
          case "boolean" -> value.isBoolean();
          case "integer" -> value.isIntegralNumber();
          case "number" -> value.isNumber();
          default -> throw new AssertionError("unknown type " + types);
        };
  }
}
