package dev.andante.gateway.pipeline;

import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Worker;

/**
 * What an answer owes the retry budgets of its workers: one attempt for each that brought nothing
 * of what decode generates, unless it was turned away before anything was done for it. Its first
 * attempt fills them. For one answer, one thread at a time.
 */
final class RetryDebt {

  private boolean earned;
  private boolean computed; // the prompt, by the attempt under way
  private boolean gotOn; // in the attempt under way
  private boolean begun;
  private boolean owes;

  /** The attempt under way has computed the prompt, with the first token. */
  void computed() {
    computed = true;
  }

  /** The attempt under way got on: its work is not done again. */
  void gotOn() {
    gotOn = true;
    begun = true;
    owes = false;
  }

  /** The attempt under way failed. */
  void failed(Throwable error) {
    owes |= !gotOn && (computed || !MeshFailures.turnedAway(error));
    computed = false;
    gotOn = false;
  }

  /**
   * Pays for the next attempt, if it owes one. Who computes the prompt has the budget, since that
   * is what is done again.
   *
   * @return whether it may be made: the worker has some left, or the reader has begun to read
   */
  boolean pay(Placement place) {
    if (owes) {
      owes = !payer(place).retryBudget().spend();
      return begun || !owes;
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
