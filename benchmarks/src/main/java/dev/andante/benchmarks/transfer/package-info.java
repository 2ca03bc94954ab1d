/**
 * Two ways of moving the KV of a prompt over loopback: as prefill pushes it to decode, and as bytes
 * over a bare TCP connection.
 */
@NullMarked
package dev.andante.benchmarks.transfer;

import org.jspecify.annotations.NullMarked;
