/**
 * The prefill role: computes prompts, pushes their KV to a decode worker, returns the first token.
 * A composition root: nobody calls it but its main method and its tests.
 *
 * <p>Threads: gRPC handlers run on virtual threads and only translate and post; the engine thread
 * calls {@link dev.andante.prefill.PrefillCall}, which never blocks it.
 */
@NullMarked
package dev.andante.prefill;

import org.jspecify.annotations.NullMarked;
