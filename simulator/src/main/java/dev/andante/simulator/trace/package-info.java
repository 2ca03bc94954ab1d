/** Requests to simulate: read from files, or drawn from distributions. */
@NullMarked
package dev.andante.simulator.trace;

import org.jspecify.annotations.NullMarked;
