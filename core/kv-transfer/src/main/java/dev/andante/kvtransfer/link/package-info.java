/**
 * Links: TCP connections that carry the frames of a push beside the gRPC call that it belongs to,
 * since HTTP/2 costs several copies of each byte. What a frame means, and everything the receiver
 * says, is the call's business; see {@code docs/decisions/0037-a-link-for-kv.md}.
 *
 * <pre>
 * sender ({@link Links})                      receiver ({@link LinkServer})
 *                 ◀─ grant on the call: port, ticket ─   {@link LinkServer#admit}
 *   connect, or a connection that is free
 *   "AKL1", ticket ─▶                           {@link LinkedCall} of that ticket, or the end
 *                 ◀─ one byte: come in ─
 *   length, frame ─▶ …                          one at a time: read, stored, and the next
 *   length, commit ─▶                           free for another call
 * </pre>
 *
 * A connection carries one call at a time, so a receiver that does not read stops one sender's one
 * transfer and nothing else.
 */
@NullMarked
package dev.andante.kvtransfer.link;

import org.jspecify.annotations.NullMarked;
