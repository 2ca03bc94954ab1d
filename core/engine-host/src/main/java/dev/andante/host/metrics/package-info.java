/**
 * The engine's counts as Prometheus metrics under vLLM's names, and our own under {@code andante_}.
 * Callers: the engine thread and gRPC threads.
 */
@NullMarked
package dev.andante.host.metrics;

import org.jspecify.annotations.NullMarked;
