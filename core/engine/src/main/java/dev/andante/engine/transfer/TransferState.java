package dev.andante.engine.transfer;

/**
 * Life of a reservation. Up to COMMITTED it holds its blocks; after that a request does, or nobody.
 *
 * <pre>
 * OPEN → RESERVED → STREAMING → COMMITTED → JOINED
 *            ├──────────┴───────────┴──→ RELEASED | FAILED | EXPIRED
 *            └─ all was here already ─→ COMMITTED
 * </pre>
 */
public enum TransferState {
  /** Asked for; no blocks yet. */
  OPEN,
  /** Blocks are set aside, nothing has arrived. */
  RESERVED,
  /** Some KV has arrived. */
  STREAMING,
  /** All KV is there. */
  COMMITTED,
  /** A request took the blocks over. */
  JOINED,
  /** Given back. */
  RELEASED,
  /** Storing failed. */
  FAILED,
  /** The lease ran out. */
  EXPIRED;

  /** Whether nothing follows. */
  public boolean over() {
    return compareTo(JOINED) >= 0;
  }

  boolean canBecome(TransferState next) {
    return switch (this) {
      case OPEN -> next == RESERVED;
      case RESERVED -> next == STREAMING || next == COMMITTED || ends(next);
      case STREAMING -> next == COMMITTED || ends(next);
      case COMMITTED -> next == JOINED || ends(next);
      case JOINED, RELEASED, FAILED, EXPIRED -> false;
    };
  }

  private static boolean ends(TransferState next) {
    return next == RELEASED || next == FAILED || next == EXPIRED;
  }
}
