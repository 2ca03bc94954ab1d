package dev.andante.qoe.batch;

/** Which preemptions proposed for the sake of gain are carried out. */
public sealed interface PreemptionRule {

  /**
   * v2's refiner: an admission must gain more than all that run lose while the batch stands still
   * for it; the first that does not ends the round.
   */
  record OverheadAware() implements PreemptionRule {}

  /**
   * Ours. Readers ahead of their text lose nothing while the batch stands still, so the refiner
   * lets requests take turns whose contexts are computed again each time; but the time is lost to
   * all who will want it. Here it has a price: a stall takes its share of the horizon out of what
   * the batch gains. An admission must gain more than this, what its victims would have gained and
   * what those who run lose at once. Who does not is passed over.
   */
  record PricedTime() implements PreemptionRule {}

  /**
   * v1's cap: over its life a request is preempted at most so often on average.
   *
   * @param perRequest P, not negative
   */
  record Capped(double perRequest) implements PreemptionRule {
    public Capped {
      if (!(perRequest >= 0)) {
        throw new IllegalArgumentException(
            "preemptions per request must not be negative, not " + perRequest);
      }
    }
  }
}
