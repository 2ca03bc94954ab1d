/**
 * The receiving side of KV transfers: reservations, leases, what has arrived. Knows nothing of the
 * wire. Engine thread only, but for what arrives, which any thread may store. A reservation holds
 * the blocks that the prefix cache has of its prompt, as one of their readers, beside those that
 * will be written to.
 *
 * <pre>
 * OPEN → RESERVED → STREAMING → COMMITTED → JOINED
 *            ├──────────┴───────────┴──→ RELEASED | FAILED | EXPIRED
 *            └─ all was here already ─→ COMMITTED
 * </pre>
 */
@NullMarked
package dev.andante.engine.transfer;

import org.jspecify.annotations.NullMarked;
