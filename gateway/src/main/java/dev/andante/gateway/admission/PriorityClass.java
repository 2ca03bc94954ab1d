package dev.andante.gateway.admission;

import java.util.Locale;

/** Whose turn comes first, in this order; the sign of a request's priority. */
public enum PriorityClass {
  HIGH,
  NORMAL,
  LOW;

  /** Above 0 is high, below 0 low. */
  public static PriorityClass of(int priority) {
    return priority > 0 ? HIGH : priority < 0 ? LOW : NORMAL;
  }

  /** What workers are told: 1, 0 or -1. */
  public int urgency() {
    return switch (this) {
      case HIGH -> 1;
      case NORMAL -> 0;
      case LOW -> -1;
    };
  }

  /** Its name in metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
