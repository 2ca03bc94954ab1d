package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.tokenizer.ChatTemplate;
import dev.andante.tokenizer.ChatTemplateException;
import dev.andante.tokenizer.Message;
import dev.andante.tokenizer.TokenizerException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chats to tokens, by the model's template; tells whose fault it is when that fails. */
final class ChatEncoder {

  /** Messages of a chat to try a template with. */
  private static final int SAMPLE = 64;

  private ChatEncoder() {}

  /**
   * @throws ApiException 400 if the messages are at fault, or how many and how long they are; 500
   *     if the template is, with a cause that holds nothing of them
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
      throw failed(model, template, chat);
    } catch (TokenizerException e) {
      throw ApiException.badRequest(
          "messages", "'messages' cannot be tokenized: " + e.getMessage());
    }
  }

  /** A template that manages a chat of the same roles is not broken: this chat is too much. */
  private static ApiException failed(ServedModel model, ChatTemplate template, Prompt.Chat chat) {
    ChatTemplateException broken = sampleFailure(model, template, chat);
    if (broken != null) {
      return ApiException.server(
          500, "chat_template", "The model's chat template is broken.", broken);
    }
    long characters =
        chat.messages().stream().mapToLong(message -> message.content().length()).sum();
    return ApiException.invalid(
        400,
        "messages",
        "chat_template",
        "'messages' are more than the model's chat template can be applied to within 1000000 steps,"
            + " 2 seconds and 16777216 characters: "
            + chat.messages().size()
            + " messages with "
            + characters
            + " characters; send fewer or shorter ones.");
  }

  private static @Nullable ChatTemplateException sampleFailure(
      ServedModel model, ChatTemplate template, Prompt.Chat chat) {
    List<Message> sample =
        chat.messages().stream()
            .limit(SAMPLE)
            .map(message -> new Message(message.role(), "x"))
            .toList();
    try {
      template.encode(sample, chat.addGenerationPrompt(), model.tokenizer());
      return null;
    } catch (ChatTemplateException e) {
      return e.raisedByTemplate() ? null : e;
    }
  }
}
