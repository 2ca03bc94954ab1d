/**
 * What a machine can do at most: how fast it reads memory, and how fast it multiplies in each
 * format. Figures of the benchmark are given as fractions of these, measured in the same run.
 *
 * <p>Another library or instruction set (oneDNN, kernels in C) joins as a {@link
 * dev.andante.benchmarks.ceilings.CeilingProbe} named in {@code META-INF/services}; the highest
 * value of a kind is the ceiling. Each probe starts and ends threads of its own.
 */
@NullMarked
package dev.andante.benchmarks.ceilings;

import org.jspecify.annotations.NullMarked;
