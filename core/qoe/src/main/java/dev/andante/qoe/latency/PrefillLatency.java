package dev.andante.qoe.latency;

/** How long a prompt takes. */
@FunctionalInterface
public interface PrefillLatency {

  /**
   * @param tokens to compute, not negative
   * @param cached tokens before them whose KV is there already, not negative
   * @return seconds, finite and not negative
   */
  double seconds(long tokens, long cached);
}
