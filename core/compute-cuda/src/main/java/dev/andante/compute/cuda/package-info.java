/**
 * The {@link dev.andante.compute.Backend} on NVIDIA GPUs: JCuda's binding of the driver API and
 * kernels of our own, which {@code build-ptx} compiles from {@code src/main/cuda}.
 *
 * <p>Who may call: nobody by name; {@link dev.andante.compute.Backends} finds {@link
 * dev.andante.compute.cuda.CudaBackendProvider}.
 *
 * <p>Threads: all work of a backend goes through one {@link dev.andante.compute.cuda.CommandQueue},
 * whose monitor every operation holds while it queues its kernels. Classes that say nothing else
 * expect their caller to hold it.
 */
@NullMarked
package dev.andante.compute.cuda;

import org.jspecify.annotations.NullMarked;
