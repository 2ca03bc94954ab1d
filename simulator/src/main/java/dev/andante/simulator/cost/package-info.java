/** How long a step takes on the machines that are simulated, and what rate they can sustain. */
@NullMarked
package dev.andante.simulator.cost;

import org.jspecify.annotations.NullMarked;
