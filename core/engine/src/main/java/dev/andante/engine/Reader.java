package dev.andante.engine;

import dev.andante.qoe.QoeOverride;
import java.time.Duration;

/**
 * Who reads an answer; counts where the engine's policy heeds it.
 *
 * @param expects what is known of it; the rest is as for everybody
 * @param waited since they asked, before the request came here
 * @param whole whether they begin to read when the answer is complete
 */
public record Reader(QoeOverride expects, Duration waited, boolean whole) {

  /** Of whom nothing is known, and who asked just now. */
  public static final Reader UNKNOWN = new Reader(QoeOverride.NONE, Duration.ZERO, false);

  public Reader {
    if (waited.isNegative()) {
      throw new IllegalArgumentException("waited must not be negative, not " + waited);
    }
  }
}
