/**
 * What became of the requests. Every latency counts from when a request was due, not from when the
 * client got round to sending it, so that a stalled client cannot hide what its readers would have
 * waited.
 */
@NullMarked
package dev.andante.benchmarks.load.measure;

import org.jspecify.annotations.NullMarked;
