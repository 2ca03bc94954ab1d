package dev.andante.gateway.pipeline;

import dev.andante.tokenizer.Message;
import java.util.List;

/** What the client gave to continue. */
public sealed interface Prompt {

  /** Goes through the model's chat template; special-token text in messages is plain text. */
  record Chat(List<Message> messages, boolean addGenerationPrompt) implements Prompt {}

  /** Continued as it is; special-token text is the special token. */
  record Text(String text, boolean addSpecialTokens) implements Prompt {}

  record Tokens(int[] ids) implements Prompt {}
}
