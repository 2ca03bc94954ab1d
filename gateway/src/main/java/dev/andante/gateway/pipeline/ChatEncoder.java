package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.tokenizer.ChatTemplate;
import dev.andante.tokenizer.ChatTemplateException;
import dev.andante.tokenizer.TokenizerException;

/** Chats to tokens, by the model's template. */
final class ChatEncoder {

  private ChatEncoder() {}

  /**
   * @throws ApiException 400 if the messages are at fault, 500 if the template is
   */
  static int[] encode(ServedModel model, Prompt.Chat chat) {
    ChatTemplate template =
        model
            .template()
            .orElseThrow(
                () ->
                    ApiException.badRequest(
                        "model",
                        "The model '"
                            + model.name()
                            + "' has no chat template; use /v1/completions."));
    try {
      return template.encode(chat.messages(), chat.addGenerationPrompt(), model.tokenizer());
    } catch (ChatTemplateException e) {
      if (e.raisedByTemplate()) {
        throw ApiException.badRequest(
            "messages", "The model's chat template refuses the messages: " + e.getMessage());
      }
      throw ApiException.server(500, "chat_template", "The model's chat template is broken.", e);
    } catch (TokenizerException e) {
      throw ApiException.badRequest(
          "messages", "'messages' cannot be tokenized: " + e.getMessage());
    }
  }
}
