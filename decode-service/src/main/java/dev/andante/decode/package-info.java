/**
 * The decode role: takes KV, generates, verifies drafts. A composition root: nobody calls it but
 * its main method and its tests.
 *
 * <p>Threads: gRPC handlers run on virtual threads and translate, post, and store KV; the engine
 * thread calls {@link dev.andante.decode.TokenStream} and {@link
 * dev.andante.decode.GrpcDraftSource}, which never block it beyond the wait for drafts that it
 * asked for.
 */
@NullMarked
package dev.andante.decode;

import org.jspecify.annotations.NullMarked;
