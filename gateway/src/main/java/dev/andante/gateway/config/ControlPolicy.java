package dev.andante.gateway.config;

/** Whose word counts on what others would suffer from. */
public enum ControlPolicy {
  /** Callers with an API key. Where none are set, nobody's. */
  AUTHENTICATED,
  /** Everybody's: something before the gateway sees to it. */
  ALL,
  OFF
}
