package dev.andante.tokenizer;

/** What becomes of special-token text, such as {@code <|im_end|>}, when text is encoded. */
public enum SpecialTokens {
  /** It becomes the special token. Only for text that the server itself wrote. */
  PARSE,
  /** It becomes ordinary tokens that spell it. For everything that a user wrote. */
  PLAIN
}
