/**
 * Messages as engine types and back, and the Worker service. Callers: the gRPC adapters of the
 * roles. Threads: conversions are pure.
 */
@NullMarked
package dev.andante.host.grpc;

import org.jspecify.annotations.NullMarked;
