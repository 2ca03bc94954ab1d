package dev.andante.engine.tiers;

import dev.andante.engine.kvcache.BlockKey;

/**
 * A block with a name, wherever it is.
 *
 * @param parent the name of what comes before it in its sequence
 * @param depth blocks before it
 */
record NamedContent(BlockKey key, BlockKey parent, int depth) {}
