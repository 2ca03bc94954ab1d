package dev.andante.qoe.latency;

/** How long one decode iteration takes, which is the time between two tokens of a request. */
@FunctionalInterface
public interface DecodeLatency {

  /**
   * @param batch requests that gain a token, not negative
   * @param context tokens that all of them together attend to, not negative
   * @return seconds, finite and not negative
   */
  double seconds(long batch, long context);
}
