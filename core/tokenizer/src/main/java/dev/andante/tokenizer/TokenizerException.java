package dev.andante.tokenizer;

import org.jspecify.annotations.Nullable;

/** A tokenizer cannot be made, or refused its input. The message says what to do next. */
public class TokenizerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TokenizerException(String message) {
    this(message, null);
  }

  public TokenizerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
