package dev.andante.qoe.batch;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

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

  /**
   * Who is promoted: the one that was and has no token yet; else who has been without one for
   * longest, if that is too long and the time has come to promote again.
   *
   * @param entries of whom one is
   * @param candidate whether one may be promoted that is not yet
   * @param stallSeconds for how long the batch stands still for it
   */
  Optional<Entry> promoted(
      List<Entry> entries,
      BatchState state,
      Predicate<Entry> candidate,
      ToDoubleFunction<Entry> stallSeconds) {
    double granted = stallShare * state.history().secondsSincePromotion();
    return entries.stream()
        .filter(entry -> state.history().hasPromoted(entry.request()))
        .findFirst()
        .or(
            () ->
                entries.stream()
                    .filter(candidate)
                    .max(longestStalled(state.nowNanos()))
                    .filter(
                        entry -> entry.request().stalledSeconds(state.nowNanos()) >= maxWaitSeconds)
                    .filter(entry -> stallSeconds.applyAsDouble(entry) <= granted));
  }

  /** Of equals the earliest arrival. */
  private static Comparator<Entry> longestStalled(long nowNanos) {
    return Comparator.<Entry>comparingDouble(entry -> entry.request().stalledSeconds(nowNanos))
        .thenComparing(Comparator.comparingInt(Entry::index).reversed());
  }
}
