/**
 * Test tools: a model whose answers betray wrong KV, listeners that record, a clock set by hand.
 */
@NullMarked
package dev.andante.engine.fake;

import org.jspecify.annotations.NullMarked;
