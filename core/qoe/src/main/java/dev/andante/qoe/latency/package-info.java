/**
 * How long prefill and decode take, learnt while they run. Models start from a prior, so they
 * answer sanely before the first sample; they never answer with a negative number or NaN.
 *
 * <p>Threads: one thread observes; any thread may ask, and sees the latest fit.
 */
@NullMarked
package dev.andante.qoe.latency;

import org.jspecify.annotations.NullMarked;
