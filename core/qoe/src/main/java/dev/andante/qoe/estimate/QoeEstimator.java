package dev.andante.qoe.estimate;

/** Predicts a request's QoE; all results are in [0, 1]. */
public sealed interface QoeEstimator permits HorizonEstimator, ReleasedEstimator {

  /** QoE now, with what is due and missing counted as arriving now. */
  double now(Outlook outlook);

  /**
   * QoE a horizon from now if it is served all the time.
   *
   * @param latencySeconds between two tokens
   * @param horizonSeconds not negative
   */
  double ifServed(Outlook outlook, double latencySeconds, double horizonSeconds);

  /**
   * QoE a horizon from now if it gets nothing until then.
   *
   * @param latencySeconds between two tokens, once it is served
   * @param horizonSeconds not negative
   */
  double ifWaiting(Outlook outlook, double latencySeconds, double horizonSeconds);

  /** What a stall of the whole batch costs this request; never negative. */
  default double stallLoss(Outlook outlook, double latencySeconds, double stallSeconds) {
    return Math.max(
        0,
        ifServed(outlook, latencySeconds, stallSeconds)
            - ifWaiting(outlook, latencySeconds, stallSeconds));
  }
}
