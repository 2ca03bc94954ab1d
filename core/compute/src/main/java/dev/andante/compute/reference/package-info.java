/**
 * Plain scalar kernels: the definition of correct. Written to be read; sums are taken in double so
 * that the rounding of a faster kernel is what a comparison shows.
 *
 * <p>Who may call: found by {@link dev.andante.compute.Backends}; tests compare with it.
 *
 * <p>Threads: as the SPI says.
 */
@NullMarked
package dev.andante.compute.reference;

import org.jspecify.annotations.NullMarked;
