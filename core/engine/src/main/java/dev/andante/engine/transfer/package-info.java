/**
 * The receiving side of KV transfers: reservations, leases, what has arrived. Knows nothing of the
 * wire. Engine thread only.
 *
 * <pre>
 * OPEN → RESERVED → STREAMING → COMMITTED → JOINED
 *            └──────────┴───────────┴──→ RELEASED | FAILED | EXPIRED
 * </pre>
 */
@NullMarked
package dev.andante.engine.transfer;

import org.jspecify.annotations.NullMarked;
