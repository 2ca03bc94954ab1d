package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Prompt;
import java.util.Optional;

/**
 * Body of {@code POST /tokenize}.
 *
 * @param model empty = the only one there is
 * @param strings whether the text of each token is wanted too
 */
record TokenizeRequest(Optional<String> model, Prompt prompt, boolean strings) {

  /**
   * @throws dev.andante.gateway.error.ApiException 400 naming the field at fault
   */
  static TokenizeRequest parse(Fields fields) {
    TokenizeRequest parsed =
        new TokenizeRequest(
            fields.string("model"), prompt(fields), fields.flag("return_token_strs", false));
    fields.refuseUnknown();
    return parsed;
  }

  private static Prompt prompt(Fields fields) {
    boolean generationPrompt = fields.flag("add_generation_prompt", true);
    boolean specialTokens = fields.flag("add_special_tokens", true);
    boolean text = fields.has("prompt");
    if (!fields.has("messages")) {
      return new Prompt.Text(fields.requiredString("prompt"), specialTokens);
    }
    if (text) {
      throw fields.bad("prompt", "and 'messages' exclude each other");
    }
    return new Prompt.Chat(ChatRequestParser.messages(fields), generationPrompt);
  }
}
