/** Draws what the benchmarks measured. Java2D without a display; needs a font on the machine. */
@NullMarked
package dev.andante.benchmarks.plot;

import org.jspecify.annotations.NullMarked;
