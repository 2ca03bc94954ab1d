/**
 * Products by oneDNN: weights in its blocked layouts, kernels by its dispatch (AMX, AVX-512, AVX2).
 * The backends {@code onednn} and {@code onednn-s8} are another CPU backend for everything else.
 *
 * <p>Which products: in the precision {@link dev.andante.compute.Precision#FAST} those of many
 * rows, in bf16 or s8; where the processor multiplies bf16, those with weights that are bf16 in the
 * file, of any number of rows and in either precision.
 *
 * <p>Who may call: found by {@link dev.andante.compute.Backends}. The only package that calls the
 * library: its C interface, bound with the JDK's foreign functions.
 *
 * <p>Threads: oneDNN never gets a thread of its own. Each primitive is made for one thread and runs
 * on the one that calls; {@link dev.andante.compute.ComputePool} splits a product into tasks. What
 * a thread needs for calls is in its {@link dev.andante.compute.onednn.Worker} and made once.
 *
 * <p>Numerics: a row's product is the same bits whatever rows are beside it. One kernel for each
 * number of inputs, 16 rows by 64 outputs, defines the order of sums; kernels of other sizes are
 * used where a check at load finds that they give its bits, and rows that fill no kernel are padded
 * with zero rows.
 */
@NullMarked
package dev.andante.compute.onednn;

import org.jspecify.annotations.NullMarked;
