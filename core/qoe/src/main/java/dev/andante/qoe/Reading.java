package dev.andante.qoe;

/**
 * How far a reader is: everything that both definitions of QoE need to know about the tokens
 * delivered so far, in constant size. Times are seconds after submission.
 *
 * <p>Token i arrives at d_i, is ideally read at e_i and in fact at {@code a_i = max(d_i, a_(i-1) +
 * 1/r)}, the first at {@code max(d_1, e_1)} (algorithms of Andes, arXiv 2404.16283; v1 in closed
 * form). With {@code e_i = e_(i-1) + 1/r} the delay {@code a_i - e_i} is {@code max(d_i - e_i,
 * a_(i-1) - e_(i-1))}: the greatest lateness so far, which never shrinks and is exactly 0 for who
 * is never late. So one number and a sum stand for the whole timeline.
 *
 * <p>Of an answer that is read as a whole, once it is complete, nothing is late but its end: when
 * the last token of l came at d, all are read {@code max(0, d - e_l)} late. So who was behind can
 * catch up, and what is computed ahead of time gains as little as with a stream.
 *
 * <p>An arrival before its predecessor's (a clock that jumped back) counts as at the same time. A
 * jump forward cannot be told from a pause and counts as one.
 *
 * @param whole whether nobody reads before the end
 * @param tokens delivered
 * @param lastArrivalSeconds d of the last token, 0 before the first
 * @param firstDelaySeconds a_1 - e_1
 * @param delaySeconds a - e of the last token, 0 before the first
 * @param delaySumSeconds sum of a_i - e_i over all tokens
 */
public record Reading(
    QoeSpec spec,
    boolean whole,
    long tokens,
    double lastArrivalSeconds,
    double firstDelaySeconds,
    double delaySeconds,
    double delaySumSeconds) {

  /** Nothing delivered yet. */
  public static Reading none(QoeSpec spec) {
    return new Reading(spec, false, 0, 0, 0, 0, 0);
  }

  /** Nothing delivered yet of an answer that is read as a whole. */
  public static Reading wholeNone(QoeSpec spec) {
    return new Reading(spec, true, 0, 0, 0, 0, 0);
  }

  /** One more token. */
  public Reading with(double arrivalSeconds) {
    return with(arrivalSeconds, 0, 1);
  }

  /**
   * {@code count} more tokens, one every {@code gapSeconds} from {@code firstSeconds} on; in
   * constant time.
   */
  public Reading with(double firstSeconds, double gapSeconds, long count) {
    if (!Double.isFinite(firstSeconds) || !Double.isFinite(gapSeconds) || gapSeconds < 0) {
      throw new IllegalArgumentException(
          "arrivals must be finite and their gap not negative, not "
              + firstSeconds
              + " and "
              + gapSeconds);
    }
    if (count <= 0) {
      return this;
    }
    double first = Math.max(firstSeconds, lastArrivalSeconds);
    double lateness = first - spec.idealSeconds(tokens + 1);
    double widening = gapSeconds - spec.secondsPerToken();
    if (whole) {
      return upTo(tokens + count, first + (count - 1) * gapSeconds);
    }
    // Lateness grows linearly or not at all, so the old delay lasts for a while or for ever.
    long covered = covered(lateness, widening, count);
    long exposed = count - covered;
    double exposedSum = exposed * lateness + widening * arithmetic(covered, exposed);
    double delay =
        Math.max(delaySeconds, exposed == 0 ? lateness : lateness + (count - 1) * widening);
    return new Reading(
        spec,
        false,
        tokens + count,
        first + (count - 1) * gapSeconds,
        tokens == 0 ? Math.max(0, lateness) : firstDelaySeconds,
        delay,
        delaySumSeconds + (exposed == 0 ? count * delay : covered * delaySeconds + exposedSum));
  }

  /** A whole answer so far: so many tokens, of which the last one came then. */
  private Reading upTo(long all, double arrival) {
    double delay = Math.max(0, arrival - spec.idealSeconds(all));
    return new Reading(spec, true, all, arrival, delay, delay, all * delay);
  }

  /** How many of the next tokens have no more delay than the one before them had. */
  private long covered(double lateness, double widening, long count) {
    if (widening <= 0) {
      return count;
    }
    double untilExposed = Math.ceil((delaySeconds - lateness) / widening);
    return (long) Math.clamp(untilExposed, 0.0, (double) count);
  }

  /** Sum of {@code from .. from + terms - 1}. */
  private static double arithmetic(long from, long terms) {
    return terms * (double) from + terms * (terms - 1.0) / 2;
  }

  /**
   * As if the tokens that are due at {@code ageSeconds}, at least one in all, had just arrived: the
   * best that can still become of these.
   */
  public Reading asOf(double ageSeconds) {
    return with(ageSeconds, 0, Math.max(spec.dueTokens(ageSeconds), 1) - tokens);
  }

  /** When the reader has read all that was delivered; 0 before the first token. */
  public double readSeconds() {
    return tokens == 0 ? 0 : spec.idealSeconds(tokens) + delaySeconds + spec.secondsPerToken();
  }

  /**
   * How long after {@code ageSeconds} the reader runs dry if nothing more comes; of a whole answer,
   * until it is behind.
   */
  public double slackSeconds(double ageSeconds) {
    double made = whole ? delaySeconds : 0; // up for by what comes sooner
    return Math.max(0, readSeconds() - made - ageSeconds);
  }
}
