package dev.andante.benchmarks.load.measure;

import java.util.Locale;

/** How a request ended. All but the first count as a QoE of 0. */
public enum Outcome {
  /** The whole answer came. */
  COMPLETED,
  /** 429. */
  REJECTED,
  /** Another status than 200 and 429, or no connection. */
  FAILED,
  /** The answer broke off, or took too long. */
  ABORTED,
  /** Not sent, since this client had too many open. */
  UNSENT;

  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
