package dev.andante.tokenizer;

import org.jspecify.annotations.Nullable;

/** A chat template is broken, went past a limit, or itself refused the messages. */
public class ChatTemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean raisedByTemplate;

  ChatTemplateException(String message, boolean raisedByTemplate, @Nullable Throwable cause) {
    super(message, cause);
    this.raisedByTemplate = raisedByTemplate;
  }

  /**
   * True where the template called {@code raise_exception}: the messages are at fault (roles that
   * do not alternate, say) and the client can mend them. False where the template is.
   */
  public boolean raisedByTemplate() {
    return raisedByTemplate;
  }
}
