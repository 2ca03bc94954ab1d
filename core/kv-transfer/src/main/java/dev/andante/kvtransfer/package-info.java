/**
 * Moves the KV cache of one prompt from the engine that computed it to the engine that will
 * continue it. The contracts here say nothing of who opens the connection; {@code
 * dev.andante.kvtransfer.grpc} pushes over gRPC.
 *
 * <p>Callers: the prefill service through {@link dev.andante.kvtransfer.KvSender}, the decode
 * service through {@link dev.andante.kvtransfer.KvReceiver}. Threads: all types may be used from
 * any thread. Nothing that sends blocks, so that an engine thread may call it; who brings a run to
 * a receiver stores it, and waits for the one before.
 *
 * <pre>
 * receiver:  OPEN → RESERVED → STREAMING → COMMITTED
 *              └────────┴──────────┴────────────┴──→ FAILED   (refused, bad frame, cancelled)
 *                       └──────────┴───────────────→ EXPIRED  (the sender fell silent)
 * </pre>
 */
@NullMarked
package dev.andante.kvtransfer;

import org.jspecify.annotations.NullMarked;
