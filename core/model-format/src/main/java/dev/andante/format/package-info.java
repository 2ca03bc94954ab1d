/**
 * Weight files on disk: GGUF and safetensors, memory-mapped and read lazily. Depends on the JDK
 * only; anyone may call it. Nothing here interprets weights: it names tensors, says where their
 * bytes are and checks that they are really there.
 *
 * <p>Files come from strangers. Every count and length is compared with the bytes that remain
 * before anything is allocated, and whatever is wrong with a file surfaces as one {@link
 * dev.andante.format.ModelFormatException}.
 *
 * <p>Threads: opened files are immutable and may be read by any number of threads until one of them
 * calls {@code close()}.
 */
@NullMarked
package dev.andante.format;

import org.jspecify.annotations.NullMarked;
