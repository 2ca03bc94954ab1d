/**
 * The mesh's gRPC calls as Reactor publishers. Cancelling a publisher cancels its call; failures
 * arrive as {@code StatusRuntimeException}. Signals come on gRPC's executor.
 */
@NullMarked
package dev.andante.gateway.client;

import org.jspecify.annotations.NullMarked;
