package dev.andante.qoe.batch;

/** Which preemptions proposed for the sake of gain are carried out. */
public sealed interface PreemptionRule {

  /**
   * v2's refiner: an admission must gain more than all that run lose while the batch stands still
   * for it; the first that does not ends the round.
   */
  record OverheadAware() implements PreemptionRule {}

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
