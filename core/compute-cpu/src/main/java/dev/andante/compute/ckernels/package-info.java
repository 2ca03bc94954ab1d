/**
 * Kernels in C (src/main/c), called through the foreign function interface: the backend {@code
 * native}. In the precision {@link dev.andante.compute.Precision#FAST} products with quantised
 * weights use the processor's 8-bit dot products, products of many rows its bf16 tiles where there
 * are some; in {@code EXACT} products are f32.
 *
 * <p>Who may call: found by {@link dev.andante.compute.Backends}. The only package that makes
 * native calls into the library; it lies in the jar for the platforms it was built on, and the
 * backend is unavailable elsewhere.
 *
 * <p>Numerics: each output is one chain of sums over the inputs in ascending order, each step
 * rounded once, for every number of rows: a row's result never depends on the batch or the threads;
 * nor on the processor, but that fast attention takes bf16 queries and weights where there are
 * instructions for them, and that tiles compute fast products from {@code Backend.manyRows} rows
 * on. Activations are rounded to eight bits in runs of 32 inputs with a scale each; on tiles, both
 * factors to bf16, and their sums are in the order of the tiles.
 *
 * <p>Calls are critical: the collector waits for them, so each does well under 10 ms of work.
 */
@NullMarked
package dev.andante.compute.ckernels;

import org.jspecify.annotations.NullMarked;
