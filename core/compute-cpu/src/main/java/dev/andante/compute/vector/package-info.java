/**
 * Kernels on the JDK's Vector API: f32 activations, weights kept as small as their file has them.
 *
 * <p>Who may call: found by {@link dev.andante.compute.Backends}. The only package that sees {@code
 * jdk.incubator.vector}.
 *
 * <p>Numerics: each output is one sum whose lane l takes the inputs l, l + L, l + 2L, … in
 * ascending order by fused multiply-add, then a fixed tree over the lanes. The kernel for one row
 * and the one for many keep to it, so a row's result never depends on the batch. Nothing here uses
 * {@code reduceLanes} or {@code EXP}, whose results differ between interpreter and compiler.
 *
 * <p>Kernels stay in one method each and talk through arrays: a helper that returns a vector and is
 * not inlined allocates one.
 */
@NullMarked
package dev.andante.compute.vector;

import org.jspecify.annotations.NullMarked;
