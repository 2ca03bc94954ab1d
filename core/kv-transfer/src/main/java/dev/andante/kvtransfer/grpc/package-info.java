/**
 * Transfers as a push over the gRPC service {@code andante.v1.KvTransfer}, and engine failures as
 * gRPC statuses. Callers: the composition roots of prefill and decode.
 *
 * <pre>
 * prefill                         decode
 *   open(attempt, format, tokens,
 *     codings) ─▶                     reserve
 *   ◀─ granted(handle, cached,
 *     coding)                         or a status: nothing has been computed
 *   data 0, data 1, … ─▶              store, and ask for the next
 *   ◀─ received(next)
 *   heartbeat ─▶                      while there is nothing to send: renews the lease
 *   commit(frames, tokens) ─▶         all there?
 *   ◀─ committed, end of stream
 * </pre>
 *
 * From the grant on the sender's frames may go over a link beside the call ({@link
 * dev.andante.kvtransfer.link}); acknowledgements and a cancel stay on it.
 *
 * <p>A call that breaks is followed by another one with the same open; its grant says which frame
 * is the first that is missing. A sender that gives up says so with a last frame before it cancels.
 */
@NullMarked
package dev.andante.kvtransfer.grpc;

import org.jspecify.annotations.NullMarked;
