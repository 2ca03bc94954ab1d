package dev.andante.gateway.metrics;

import java.util.Locale;

/** What asking a second prefill worker came to. */
public enum HedgeOutcome {
  /** It was done first. */
  WON,
  /** The first one was. */
  LOST,
  /** It failed, while the first one was still at it or had failed, too. */
  FAILED;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
