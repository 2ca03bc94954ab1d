/**
 * Programs that measure; none is part of the product or of its tests. Results are JSON lines on
 * standard output.
 */
@NullMarked
package dev.andante.benchmarks;

import org.jspecify.annotations.NullMarked;
