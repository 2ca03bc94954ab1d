/**
 * The reader of a streamed answer: what they expect, what reached them when, and how good that was.
 *
 * <p>Called by {@code api}, once per request; nothing here waits.
 */
@NullMarked
package dev.andante.gateway.qoe;

import org.jspecify.annotations.NullMarked;
