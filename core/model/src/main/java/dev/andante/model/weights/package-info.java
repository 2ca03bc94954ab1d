/**
 * Parameters by name. Names are those of GGUF ({@code blk.0.attn_q.weight}); sources that use other
 * names translate. A model asks {@link dev.andante.model.weights.Parameters} for what it needs,
 * once to compare with what is there and once to load.
 *
 * <p>Called by one thread, at start.
 */
@NullMarked
package dev.andante.model.weights;

import org.jspecify.annotations.NullMarked;
