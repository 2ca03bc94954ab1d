/** What the engine's scheduler is given to do where nothing is computed. */
@NullMarked
package dev.andante.benchmarks.scheduling;

import org.jspecify.annotations.NullMarked;
