/**
 * JMH benchmarks of single kernels through the {@link dev.andante.compute.Backend} SPI, so that
 * every backend runs the same ones. {@link dev.andante.benchmarks.kernels.KernelBenchmarks} runs
 * them and relates each to the machine's ceilings.
 */
@NullMarked
package dev.andante.benchmarks.kernels;

import org.jspecify.annotations.NullMarked;
