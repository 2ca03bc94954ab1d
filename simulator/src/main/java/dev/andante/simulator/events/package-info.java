/** The discrete-event core: a queue of events, the virtual clock, and a log to compare runs by. */
@NullMarked
package dev.andante.simulator.events;

import org.jspecify.annotations.NullMarked;
