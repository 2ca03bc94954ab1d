package dev.andante.kvtransfer;

/**
 * Life of one transfer as its receiver sees it.
 *
 * <pre>
 * OPEN ──granted──▶ RESERVED ──frame──▶ STREAMING ──all there──▶ COMMITTED
 *   │                  │                   │                        │ sender gives up before
 *   │ refused          │ commit too soon, bad frame, cancelled      │ it heard of the commit
 *   ▼                  ▼                   ▼                        ▼
 * FAILED ◀─────────────┴───────────────────┴────────────────────────┘
 *                      │ no sign of life for the length of the lease
 *                      └──────▶ EXPIRED
 * </pre>
 *
 * A stream that breaks after the grant changes nothing for moments, in which another one of the
 * same attempt may take the transfer up; then it counts as cancelled.
 *
 * <p>Entering FAILED or EXPIRED gives the reservation back, once. COMMITTED leaves it to the
 * request that joins, or to its lease.
 */
public enum TransferState {
  /** Blocks were asked for. */
  OPEN,
  /** Blocks are set aside; nothing has come yet. */
  RESERVED,
  STREAMING,
  COMMITTED,
  FAILED,
  EXPIRED;

  /** Whether frames may come. */
  public boolean receiving() {
    return this == RESERVED || this == STREAMING;
  }

  /** Whether nothing can happen any more. */
  public boolean over() {
    return this == FAILED || this == EXPIRED;
  }
}
