package dev.andante.gateway.pipeline;

/** What a request says of pacing. */
public enum PacingWish {
  /** Nothing: not even what its reader expects. */
  NONE,
  /** It says what its reader expects, and nothing against pacing. */
  ON,
  OFF
}
