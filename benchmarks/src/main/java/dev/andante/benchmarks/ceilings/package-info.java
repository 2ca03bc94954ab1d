/**
 * What a machine can do at most: how fast it reads memory, and how fast it multiplies in each
 * format. Figures of the benchmark are given as fractions of these, measured in the same run.
 *
 * <p>Another library or instruction set joins as a {@link
 * dev.andante.benchmarks.ceilings.CeilingProbe} named in {@code META-INF/services}; CPU backends
 * are asked for their largest product without that. The highest value of a kind is the ceiling.
 */
@NullMarked
package dev.andante.benchmarks.ceilings;

import org.jspecify.annotations.NullMarked;
