package dev.andante.gateway.config;

/** Whose streams are handed out at their reader's pace; a request can always opt out. */
public enum PacingPolicy {
  /** Those whose request says what its reader expects. */
  REQUESTED,
  ALL,
  OFF
}
