/**
 * Who runs in the next step and with how many tokens. Policy over {@link
 * dev.andante.engine.request.Request}s; blocks are taken from {@code kvcache}. Engine thread only.
 *
 * <p>Stall-free batching with chunked prefill (Sarathi-Serve, arXiv 2403.02310): every running
 * decode has its row in every step, half-done prompts go on with what is left of the token budget,
 * then new requests start. Who goes first among them says a {@link
 * dev.andante.engine.scheduler.SchedulingPolicy}, which may also take places from those who run.
 */
@NullMarked
package dev.andante.engine.scheduler;

import org.jspecify.annotations.NullMarked;
