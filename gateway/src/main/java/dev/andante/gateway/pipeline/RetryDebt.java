package dev.andante.gateway.pipeline;

import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Worker;

/**
 * What an answer owes the retry budgets of its workers: one attempt for each that brought nothing,
 * and had not been turned away at the door. Its first attempt fills them. For one answer, one
 * thread at a time.
 */
final class RetryDebt {

  private boolean earned;
  private boolean brought;
  private boolean owes;

  /** The attempt under way brought tokens that decode generated: its work is not done again. */
  void gotOn() {
    brought = true;
    owes = false;
  }

  /** The attempt under way failed. */
  void failed(Throwable error) {
    owes |= !brought && !MeshFailures.turnedAway(error);
    brought = false;
  }

  /**
   * Pays for the next attempt, if it owes one. Who computes the prompt has the budget, since that
   * is what is done again.
   *
   * @return false if the worker has none left
   */
  boolean pay(Placement place) {
    if (owes) {
      owes = !payer(place).retryBudget().spend();
      return !owes;
    }
    if (!earned) {
      earned = true;
      place.prefill().ifPresent(prefill -> prefill.retryBudget().earn());
      place.decode().retryBudget().earn();
    }
    return true;
  }

  /** Whose budget it is. */
  static Worker payer(Placement place) {
    return place.prefill().orElse(place.decode());
  }
}
