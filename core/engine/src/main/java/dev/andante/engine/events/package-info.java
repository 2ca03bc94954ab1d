/**
 * What an engine's prefix cache and tiers hold, for those who follow it from elsewhere: a log of
 * {@link dev.andante.engine.kvcache.KvEvent}s that keeps what they amount to, so that a follower
 * can begin at any time and need not keep pace. Thread-safe.
 */
@NullMarked
package dev.andante.engine.events;

import org.jspecify.annotations.NullMarked;
