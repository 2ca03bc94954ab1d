/**
 * Transfers as a push over the gRPC service {@code andante.v1.KvTransfer}, and engine failures as
 * gRPC statuses. Callers: the composition roots of prefill and decode.
 *
 * <pre>
 * prefill                         decode
 *   open(attempt, format, tokens) ─▶  reserve
 *   ◀─ granted(handle, cached)        or a status: nothing has been computed
 *   data 0, data 1, … ─▶              store; at most a window of frames unread
 *   ◀─ received(next)
 *   commit(frames, tokens) ─▶         all there?
 *   ◀─ committed, end of stream
 * </pre>
 */
@NullMarked
package dev.andante.kvtransfer.grpc;

import org.jspecify.annotations.NullMarked;
