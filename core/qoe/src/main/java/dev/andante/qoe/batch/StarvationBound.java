package dev.andante.qoe.batch;

/**
 * A limit on waiting that holds whatever a request gains. The one that has been without a token for
 * longest, once that is longer than {@code maxWait}, is promoted: admitted before anyone else,
 * whoever has to leave, and again until it has a token. Whoever began to run is left running for
 * {@code minService}, so that being promoted is worth something; only memory that ran out takes a
 * place earlier.
 *
 * <p>Promotions are spread out so that they do not eat up the worker they ration: where starting
 * takes long, promoting all who wait would have it do nothing else, and serve nobody. So the batch
 * stands still for promotions for at most {@code stallShare} of the time; and while the next one
 * lacks room, nobody else is admitted.
 *
 * <p>Hence a request that fits at all is admitted at the first decision after {@code maxWait} if no
 * other waits longer and the last promotion is its own stall over {@code stallShare} past; those
 * who wait longer come first, each after as much. Where many wait beyond the bound for long, the
 * last of them wait for many times {@code maxWait}: it is then the share that is kept.
 *
 * @param maxWaitSeconds positive; infinite for no bound
 * @param minServiceSeconds not negative
 * @param stallShare above 0, at most 1
 */
public record StarvationBound(double maxWaitSeconds, double minServiceSeconds, double stallShare) {

  /** As published: nobody is promoted or protected. */
  public static final StarvationBound NONE = new StarvationBound(Double.POSITIVE_INFINITY, 0, 1);

  public StarvationBound {
    if (!(maxWaitSeconds > 0 && minServiceSeconds >= 0)) {
      throw new IllegalArgumentException(
          "maxWait must be positive and minService not negative, not "
              + maxWaitSeconds
              + " and "
              + minServiceSeconds);
    }
    if (!(stallShare > 0 && stallShare <= 1)) {
      throw new IllegalArgumentException(
          "stallShare must be above 0 and at most 1, not " + stallShare);
    }
  }

  /** Whether a request has been without a token for longer than anybody is to be. */
  boolean isOver(BatchRequest request, long nowNanos) {
    return request.stalledSeconds(nowNanos) >= maxWaitSeconds;
  }

  /** Whether the batch may stand still for a promotion again. */
  boolean grants(double stallSeconds, BatchState.History history) {
    return stallSeconds <= stallShare * history.secondsSincePromotion();
  }
}
