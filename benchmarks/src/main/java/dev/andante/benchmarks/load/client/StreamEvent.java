package dev.andante.benchmarks.load.client;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One event of a streamed chat.
 *
 * @param tokens that it brought
 * @param promptTokens the prompt's, where it says; else -1
 * @param error empty if it is none
 */
record StreamEvent(int tokens, int promptTokens, String error) {

  private static final JsonMapper JSON = JsonMapper.shared();

  /** What is no JSON is an error as well. */
  static StreamEvent parse(byte[] bytes, int from, int length) {
    JsonNode event;
    try {
      event = JSON.readTree(bytes, from, length);
    } catch (JacksonException e) {
      return new StreamEvent(0, -1, "an event that is no JSON: " + e.getOriginalMessage());
    }
    if (event.hasNonNull("error")) {
      JsonNode error = event.get("error");
      return new StreamEvent(0, -1, error.path("message").asString(error.toString()));
    }
    int tokens = 0;
    for (JsonNode choice : event.path("choices")) {
      tokens += tokens(choice);
    }
    return new StreamEvent(tokens, event.path("usage").path("prompt_tokens").asInt(-1), "");
  }

  private static int tokens(JsonNode choice) {
    JsonNode ids = choice.path("token_ids");
    if (ids.isArray()) {
      return ids.size();
    }
    return choice.path("delta").path("content").asString("").isEmpty() ? 0 : 1;
  }
}
