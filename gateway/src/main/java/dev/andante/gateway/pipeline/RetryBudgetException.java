package dev.andante.gateway.pipeline;

/** An answer that has to begin again finds a worker that has had as many retries as it may. */
final class RetryBudgetException extends RuntimeException {

  private static final long serialVersionUID = 1;

  RetryBudgetException(String worker) {
    super(worker + " has had as many retries as it may for now", null, false, false);
  }
}
