/**
 * Running the experts that a router chose, here or in another process. Local and remote execution
 * add the same numbers in the same order: with the same backend their results are equal bit for
 * bit.
 *
 * <p>Threads: executors and shards may be used by several threads at once.
 */
@NullMarked
package dev.andante.model.experts;

import org.jspecify.annotations.NullMarked;
