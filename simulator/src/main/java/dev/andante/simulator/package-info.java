/**
 * {@code ./andante simulate}: the product's own scheduler, block pool, prefix cache and policies on
 * a virtual clock, with cost models in place of machines. Nothing here decides who runs, but for
 * the baselines that the product has no use for.
 */
@NullMarked
package dev.andante.simulator;

import org.jspecify.annotations.NullMarked;
