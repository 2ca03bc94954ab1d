/**
 * The numeric vocabulary of Andante: tensors, the block formats that weights come in, and the
 * {@link dev.andante.compute.Backend} SPI that the model layers are written against.
 *
 * <p>Who may call: {@code model} and {@code engine} use the SPI; {@code compute-cpu} and {@code
 * compute-cuda} implement it. {@link dev.andante.compute.reference} holds plain scalar kernels: the
 * definition of correct.
 *
 * <p>Threads: a {@link dev.andante.compute.Backend} may be called by several engine threads at once
 * as long as they use distinct output tensors and distinct blocks of a {@link
 * dev.andante.compute.KvPool}. Implementations share one {@link dev.andante.compute.ComputePool}
 * per JVM.
 */
@NullMarked
package dev.andante.compute;

import org.jspecify.annotations.NullMarked;
