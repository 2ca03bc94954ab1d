/**
 * One model's request loop: admits requests, schedules mixed batches of prefill chunks and decode
 * rows, owns the KV cache, samples, verifies drafts. Prefill and decode services are this same
 * engine in different roles.
 *
 * <p>Knows no gRPC, protobuf or Spring. Callers on any thread post to the {@link
 * dev.andante.engine.Engine}, and store KV themselves; one thread owns all scheduler state and
 * calls the listeners, which must not block.
 *
 * <pre>
 * request:   WAITING → RUNNING ⇄ PREEMPTED → FINISHED_STOP | FINISHED_LENGTH | FINISHED_ABORTED | FAILED
 * transfer:  OPEN → RESERVED → STREAMING → COMMITTED → (joins as RUNNING) | RELEASED | FAILED | EXPIRED
 * </pre>
 */
@NullMarked
package dev.andante.engine;

import org.jspecify.annotations.NullMarked;
