package dev.andante.gateway.api;

import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Parameters of OpenAI's API that this server knows and does not act on. Where leaving one out
 * changes no answer it is checked and ignored; where the client would get something else than it
 * asked for it is refused, unless it says what happens anyway.
 */
final class OpenAiParameters {

  private static final String LEAVE_OUT = "is not supported by this server; leave it out";

  /** What lets a model without tools answer in text. */
  private static final Set<String> NO_TOOL = Set.of("none", "auto");

  private OpenAiParameters() {}

  /** What both kinds of completion have. */
  static void common(Fields fields) {
    ignoredTexts(fields, "user");
    responseFormat(fields);
  }

  static void chat(Fields fields) {
    ignoredTexts(
        fields, "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier");
    boolean _ = fields.flag("store", false);
    boolean _ = fields.flag("parallel_tool_calls", true);
    var _ = fields.object("metadata");
    var _ = fields.object("prediction");
    only(fields, "reasoning_effort", "none");
    only(fields, "verbosity", "medium");
    modalities(fields);
    for (String name : List.of("audio", "web_search_options")) {
      if (fields.has(name)) {
        throw fields.unsupported(name, LEAVE_OUT);
      }
    }
    tools(fields);
  }

  static void text(Fields fields) {
    if (fields.flag("echo", false)) {
      throw fields.unsupported("echo", "is not supported; prepend the prompt yourself");
    }
    if (fields.string("suffix").filter(suffix -> !suffix.isEmpty()).isPresent()) {
      throw fields.unsupported("suffix", LEAVE_OUT);
    }
    var bestOf = fields.integer("best_of", 1, Integer.MAX_VALUE);
    if (bestOf.isPresent() && bestOf.getAsInt() != fields.integer("n", 1, 1 << 20).orElse(1)) {
      throw fields.unsupported("best_of", "is not supported; leave it out or make it equal to 'n'");
    }
  }

  private static void ignoredTexts(Fields fields, String... names) {
    for (String name : names) {
      var _ = fields.string(name);
    }
  }

  private static void only(Fields fields, String name, String value) {
    if (fields.string(name).filter(given -> !given.equals(value)).isPresent()) {
      throw fields.unsupported(name, "can only be '" + value + "' on this server; leave it out");
    }
  }

  private static void modalities(Fields fields) {
    List<JsonNode> asked = fields.array("modalities", (node, path) -> node);
    if (!asked.stream().allMatch(node -> node.isString() && node.stringValue().equals("text"))) {
      throw fields.unsupported("modalities", "can only be ['text'] on this server");
    }
  }

  private static void responseFormat(Fields fields) {
    fields
        .object("response_format")
        .ifPresent(
            format -> {
              String type = format.requiredString("type");
              switch (type) {
                case "text" -> format.refuseUnknown();
                case "json_object", "json_schema" ->
                    throw format.unsupported(
                        "type", "'" + type + "' is not supported yet; only 'text' is");
                default ->
                    throw format.bad("type", "must be 'text', 'json_object' or 'json_schema'");
              }
            });
  }

  /** No tools, by the newer and the older names. */
  private static void tools(Fields fields) {
    for (String name : List.of("tools", "functions")) {
      if (!fields.array(name, (node, path) -> node).isEmpty()) {
        throw fields.unsupported(name, "is not supported yet; leave it out");
      }
    }
    for (String name : List.of("tool_choice", "function_call")) {
      JsonNode choice = fields.get(name);
      if (choice != null && !(choice.isString() && NO_TOOL.contains(choice.stringValue()))) {
        throw fields.unsupported(name, "can only be 'none' or 'auto': tools are not supported yet");
      }
    }
  }
}
