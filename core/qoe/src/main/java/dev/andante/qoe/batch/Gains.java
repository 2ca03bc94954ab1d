package dev.andante.qoe.batch;

import dev.andante.qoe.estimate.Outlook;
import java.util.List;

/** What serving each of a round's requests gains, over the policy's horizon. */
final class Gains {

  private final BatchPolicy policy;
  private final double leastQoe;

  Gains(BatchPolicy policy, List<Entry> entries) {
    this.policy = policy;
    this.leastQoe = entries.stream().mapToDouble(Entry::now).min().orElse(1);
  }

  /**
   * Not negative.
   *
   * @param latencySeconds between two tokens
   */
  double of(Entry entry, double latencySeconds) {
    Outlook outlook = entry.outlook();
    double horizon = policy.horizonSeconds();
    return Math.max(
        0,
        policy
            .objective()
            .gain(
                policy.estimator().ifServed(outlook, latencySeconds, horizon),
                policy.estimator().ifWaiting(outlook, latencySeconds, horizon),
                entry.now(),
                leastQoe));
  }
}
