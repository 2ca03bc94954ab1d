package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import dev.andante.gateway.routing.Placement;
import dev.andante.gateway.routing.Tried;
import dev.andante.gateway.routing.Worker;
import java.time.Duration;

/** Whether, where and when an answer that failed is tried again. For one answer. */
final class Retries {

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  /** After so many failed prefills decode computes the prompt itself. */
  private static final int PREFILL_FAILURES = 2;

  /**
   * @param maxAttempts refusals for want of room, and waits for a worker, aside
   * @param fullTimeout how long workers may stay full
   * @param replacementTimeout how long there may be no worker
   */
  record Limits(
      int maxAttempts, Duration backoff, Duration fullTimeout, Duration replacementTimeout) {}

  private final Limits limits;
  private final Tried tried = new Tried();
  private final Since full = new Since();
  private final Since alone = new Since();
  private final Since poor = new Since();
  private final RetryDebt debt = new RetryDebt();
  private int failures;
  private int prefillFailures;
  private int pauses;

  Retries(Limits limits) {
    this.limits = limits;
  }

  /** Workers that failed the answer. */
  Tried tried() {
    return tried;
  }

  /** Whether decode is to compute the prompt. */
  boolean withoutPrefill() {
    return prefillFailures >= PREFILL_FAILURES;
  }

  /**
   * Prefill has computed the prompt, and decode has its KV. Whether that works is not known yet.
   */
  void computed() {
    debt.computed();
  }

  /** Decode generated some of it: a later loss is a new misfortune. */
  void gotOn() {
    debt.gotOn();
    failures = 0;
    pauses = 0;
    full.over();
    alone.over();
  }

  /** Nobody serves the model now. */
  static boolean nobodyThere(Throwable error) {
    return error instanceof ApiException api && api.dropReason() == DropReason.NO_ENDPOINTS;
  }

  /** Whether an answer that has been worked on has found somebody there until now. */
  boolean aloneOnlyNow() {
    return alone.isNew();
  }

  /** Whether an answer that has been worked on may wait for somebody to do so again. */
  boolean mayWait() {
    poor.over();
    return alone.within(limits.replacementTimeout());
  }

  /**
   * Notes who failed the answer.
   *
   * @param decoding whether decode had been asked
   * @return whether it may be tried again
   */
  boolean mayRetry(Throwable error, Placement place, boolean decoding) {
    if (!MeshFailures.retryable(error)) {
      return false;
    }
    alone.over();
    debt.failed(error);
    if (MeshFailures.full(error)) {
      tried.refused(place.decode());
      return full.within(limits.fullTimeout());
    }
    if (decoding) {
      tried.lost(place.decode());
    } else {
      prefillFailures++;
      place.prefill().ifPresent(tried::refused);
      if (MeshFailures.answered(error)) { // so it may be decode that prefill could not reach
        tried.lost(place.decode());
      }
    }
    return ++failures < limits.maxAttempts();
  }

  /**
   * Pays for an attempt there.
   *
   * @throws RetryBudgetException if the answer has to wait, or to go elsewhere
   */
  void pay(Placement place) {
    if (!debt.pay(place)) {
      Worker payer = RetryDebt.payer(place);
      tried.refused(payer);
      alone.over();
      throw new RetryBudgetException(payer.instance());
    }
    poor.over();
  }

  /** Whether an answer that must wait for a budget has done so only now. */
  boolean poorOnlyNow() {
    return poor.isNew();
  }

  /** Whether it may wait for one, as long as for room. */
  boolean mayWaitForBudget() {
    return poor.within(limits.fullTimeout());
  }

  /**
   * How long a worker may take to find blocks. The first time that it is asked it is to refuse at
   * once, since another one may have some; it is asked again when none had.
   */
  Duration patience(Worker decode) {
    Duration left = full.left(limits.fullTimeout());
    return full.isNew() || !tried.contains(decode) || left.isNegative() ? Duration.ZERO : left;
  }

  /** Before the next try. */
  Duration pause() {
    Duration pause = limits.backoff().multipliedBy(1L << Math.min(pauses++, 10));
    return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
  }
}
