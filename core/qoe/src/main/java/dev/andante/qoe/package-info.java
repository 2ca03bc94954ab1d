/**
 * What a reader experiences, as numbers: what they expect, what was delivered when, how good that
 * is by both published definitions, and the pacer that hands tokens out at reading pace.
 *
 * <p>The arithmetic and the policies of the whole module see the JDK only; gateway, engine and
 * simulator call them. Nothing here reads a clock, starts a thread or knows how long an answer will
 * be.
 *
 * <p>Times: an <em>instant</em> is a {@code long} in nanoseconds of one clock of the caller's, as
 * {@link System#nanoTime} gives them: only differences count, and they may overflow. A
 * <em>duration</em>, and a time relative to a request's submission, is a {@code double} in seconds.
 *
 * <p>Threads: values are immutable; {@link dev.andante.qoe.DeliveryTimeline} and {@link
 * dev.andante.qoe.TokenPacer} belong to one thread at a time.
 *
 * <pre>timeline: QUEUED → RUNNING → FINISHED;  QUEUED → FINISHED;  QUEUED | RUNNING → ABORTED</pre>
 *
 * <pre>
 * packages: admission → latency;  batch → estimate, knapsack, latency, qoe;  estimate → qoe
 * </pre>
 */
@NullMarked
package dev.andante.qoe;

import org.jspecify.annotations.NullMarked;
