package dev.andante.engine.request;

/**
 * Life of a request. A paused one has lost its place in the batch and keeps its blocks. A preempted
 * one has lost its blocks too and waits to have its tokens computed anew; that can befall a waiting
 * one, if it brought its KV along.
 *
 * <pre>
 * WAITING → RUNNING ⇄ PAUSED → PREEMPTED → RUNNING
 *    └─────────┴────────┴──────────┴──→ FINISHED_STOP | FINISHED_LENGTH | FINISHED_ABORTED | FAILED
 * </pre>
 *
 * A waiting or running one may be preempted without a pause.
 */
public enum RequestState {
  WAITING,
  RUNNING,
  PAUSED,
  PREEMPTED,
  FINISHED_STOP,
  FINISHED_LENGTH,
  FINISHED_ABORTED,
  FAILED;

  /** Whether nothing follows. */
  public boolean over() {
    return compareTo(FINISHED_STOP) >= 0;
  }

  boolean canBecome(RequestState next) {
    return switch (this) {
      case WAITING, PAUSED -> next == RUNNING || next == PREEMPTED || next.over();
      case PREEMPTED -> next == RUNNING || next.over();
      case RUNNING -> next == PAUSED || next == PREEMPTED || next.over();
      case FINISHED_STOP, FINISHED_LENGTH, FINISHED_ABORTED, FAILED -> false;
    };
  }
}
