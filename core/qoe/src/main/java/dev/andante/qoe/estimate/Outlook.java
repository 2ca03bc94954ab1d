package dev.andante.qoe.estimate;

import dev.andante.qoe.Reading;

/**
 * A request at a moment, as an estimator sees it.
 *
 * @param ageSeconds since submission, not negative
 * @param startSeconds work before it can go on: the prefill of one without a token, the resumption
 *     of one that was preempted, 0 for one that decodes
 */
public record Outlook(Reading reading, double ageSeconds, double startSeconds) {

  public Outlook {
    if (!(ageSeconds >= 0 && startSeconds >= 0)
        || Double.isInfinite(ageSeconds)
        || Double.isInfinite(startSeconds)) {
      throw new IllegalArgumentException(
          "age and start must be finite and not negative, not "
              + ageSeconds
              + " and "
              + startSeconds);
    }
  }

  /** How long the reader is fed if nothing more comes: stalls shorter than this hurt nobody. */
  public double slackSeconds() {
    return reading.slackSeconds(ageSeconds);
  }
}
