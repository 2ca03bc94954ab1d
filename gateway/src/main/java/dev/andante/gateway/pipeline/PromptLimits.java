package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.tokenizer.Message;
import java.util.List;

/**
 * Refuses prompts that cannot fit whatever their tokens turn out to be, before anything is spent on
 * them. A text has at least its bytes divided by the longest token's; one that would become shorter
 * than that on its way (a template may drop or trim what it is given) is refused all the same.
 */
final class PromptLimits {

  /** Chat templates are rendered with no longer list. */
  private static final int MOST_MESSAGES = 1 << 16;

  /** What the template does for a message costs about as much as tokenizing so many bytes. */
  private static final int BYTES_PER_MESSAGE = 64;

  private PromptLimits() {}

  /**
   * @throws ApiException 400 that names the limit
   */
  static void check(ServedModel model, List<Prompt> prompts) {
    prompts.forEach(prompt -> check(model, prompt));
  }

  private static void check(ServedModel model, Prompt prompt) {
    switch (prompt) {
      case Prompt.Tokens(int[] ids) -> {
        if (ids.length >= model.contextLength()) {
          throw tooLong(model, prompt, Integer.toString(ids.length));
        }
      }
      case Prompt.Text(String text, _) -> checkBytes(model, prompt, utf8Length(text));
      case Prompt.Chat(List<Message> messages, _) -> {
        int most = Math.min(model.contextLength() - 1, MOST_MESSAGES);
        if (messages.size() > most) {
          throw ApiException.invalid(
              400,
              "messages",
              "array_above_max_length",
              "'messages' holds "
                  + messages.size()
                  + " messages; this model takes at most "
                  + most
                  + ".");
        }
        checkBytes(model, prompt, utf8Length(messages));
      }
    }
  }

  private static void checkBytes(ServedModel model, Prompt prompt, long bytes) {
    long tokens = Math.ceilDiv(bytes, model.longestTokenBytes());
    if (tokens >= model.contextLength()) {
      throw tooLong(model, prompt, "at least " + tokens);
    }
  }

  /**
   * @param tokens how many the prompt has, in words
   */
  static ApiException tooLong(ServedModel model, Prompt prompt, String tokens) {
    return ApiException.invalid(
        400,
        prompt instanceof Prompt.Chat ? "messages" : "prompt",
        "context_length_exceeded",
        "This model's maximum context length is "
            + model.contextLength()
            + " tokens, but the prompt has "
            + tokens
            + "; shorten it.");
  }

  /** How much work the prompts are, in bytes to tokenize. */
  static long cost(List<Prompt> prompts) {
    return prompts.stream().mapToLong(PromptLimits::cost).sum();
  }

  private static long cost(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Tokens _ -> 0;
      case Prompt.Text(String text, _) -> utf8Length(text);
      case Prompt.Chat(List<Message> messages, _) ->
          utf8Length(messages) + (long) BYTES_PER_MESSAGE * messages.size();
    };
  }

  private static long utf8Length(List<Message> messages) {
    return messages.stream().mapToLong(message -> utf8Length(message.content())).sum();
  }

  /** Of a text without unpaired surrogates. */
  private static long utf8Length(String text) {
    long bytes = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
      }
    }
    return bytes;
  }
}
