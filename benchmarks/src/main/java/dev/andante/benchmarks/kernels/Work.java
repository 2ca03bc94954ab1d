package dev.andante.benchmarks.kernels;

/**
 * What one call of a kernel has to do at least.
 *
 * @param bytes read and written in memory, weights in the format of the file; 0 = not of interest
 * @param flops multiplications and additions; 0 = not of interest
 */
record Work(double bytes, double flops) {}
