package dev.andante.engine.request;

/**
 * Life of a request. A preempted one has lost its blocks and waits to have its tokens computed
 * anew; that can befall a waiting one too, if it brought its KV along.
 *
 * <pre>
 * WAITING → RUNNING ⇄ PREEMPTED
 *    └─────────┴──────────┴──→ FINISHED_STOP | FINISHED_LENGTH | FINISHED_ABORTED | FAILED
 * </pre>
 */
public enum RequestState {
  WAITING,
  RUNNING,
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
      case WAITING -> next == RUNNING || next == PREEMPTED || next.over();
      case PREEMPTED -> next == RUNNING || next.over();
      case RUNNING -> next == PREEMPTED || next.over();
      case FINISHED_STOP, FINISHED_LENGTH, FINISHED_ABORTED, FAILED -> false;
    };
  }
}
