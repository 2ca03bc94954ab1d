/**
 * What backends whose tensors live in the Java heap have in common: activations as float arrays,
 * the KV pool, shape checks. No kernels.
 *
 * <p>Who may call: backends ({@link dev.andante.compute.reference} and those of {@code
 * compute-cpu}). Model and engine see the SPI only.
 *
 * <p>Threads: as the SPI says; a matrix is used by one caller at a time, whose pool threads touch
 * disjoint parts of it.
 */
@NullMarked
package dev.andante.compute.host;

import org.jspecify.annotations.NullMarked;
