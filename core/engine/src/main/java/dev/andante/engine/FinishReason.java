package dev.andante.engine;

/** Why an answer ended. */
public enum FinishReason {
  /** End token, stop token or stop string. */
  STOP,
  /** max_tokens or the context length. */
  LENGTH,
  /** The caller gave it up. */
  ABORTED
}
