/**
 * What is kept of KV below the pool: in memory of the host, and on disk what that gives up.
 *
 * <pre>
 * pool ──given up──▶ host tier ──given up──▶ disk tier ──given up──▶ gone
 *   ▲                    │                       │
 *   └──────loaded────────┴───────────────────────┘   (a copy stays)
 * </pre>
 *
 * A block is known by its name alone ({@link dev.andante.engine.kvcache.BlockKey}); whether there
 * is such a block, and whether loading it is cheaper than computing it, is asked when a sequence
 * starts. Everything but {@link dev.andante.engine.tiers.DiskWriter}'s thread belongs to the engine
 * thread.
 */
@NullMarked
package dev.andante.engine.tiers;

import org.jspecify.annotations.NullMarked;
