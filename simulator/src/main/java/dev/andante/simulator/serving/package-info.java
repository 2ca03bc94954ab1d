/**
 * Serving a trace on the virtual clock: the engine's own scheduler, prefix cache and block pool,
 * with a cost model in place of a backend, and core/qoe's timelines in place of readers.
 */
@NullMarked
package dev.andante.simulator.serving;

import org.jspecify.annotations.NullMarked;
