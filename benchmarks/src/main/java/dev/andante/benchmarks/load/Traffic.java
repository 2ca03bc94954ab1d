package dev.andante.benchmarks.load;

import java.nio.file.Path;

/** What decides when requests are sent. */
sealed interface Traffic {

  /** Arrivals independent of one another, so many a second on average. */
  record Poisson(double rate) implements Traffic {}

  /** In bursts; {@code cv} is the standard deviation of the gaps by their mean. */
  record Gamma(double rate, double cv) implements Traffic {}

  /** At equal distances. */
  record Even(double rate) implements Traffic {}

  /** As in a trace, times multiplied by the scale. */
  record Replay(Path trace, double timeScale) implements Traffic {}

  /** So many clients, each of which sends its next request a while after its last one ended. */
  record Closed(int clients, double thinkSeconds) implements Traffic {}

  /** For a report. */
  default String describe() {
    return switch (this) {
      case Poisson t -> "poisson, " + t.rate() + " requests/s";
      case Gamma t -> "gamma, " + t.rate() + " requests/s, cv " + t.cv();
      case Even t -> "even, " + t.rate() + " requests/s";
      case Replay t -> "trace " + t.trace().getFileName() + ", times x " + t.timeScale();
      case Closed t -> t.clients() + " clients, pause " + t.thinkSeconds() + " s";
    };
  }
}
