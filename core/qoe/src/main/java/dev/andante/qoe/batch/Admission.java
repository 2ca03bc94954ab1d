package dev.andante.qoe.batch;

import java.util.List;

/**
 * A waiting request that may run now.
 *
 * @param victims those who must leave first to make room for it, often nobody
 */
public record Admission(BatchRequest request, Why why, List<BatchRequest> victims) {

  /** What let it in. */
  public enum Why {
    /** There is room for everyone, or nobody runs. */
    ROOM,
    /** What it gains. */
    GAIN,
    /** It has waited too long. */
    STARVED
  }

  public Admission {
    victims = List.copyOf(victims);
  }
}
