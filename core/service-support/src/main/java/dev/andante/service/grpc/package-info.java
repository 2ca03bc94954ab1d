/**
 * gRPC server and channels, interceptors, and failures as statuses with a typed detail. Threads:
 * handlers run on the server's executor (virtual threads).
 */
@NullMarked
package dev.andante.service.grpc;

import org.jspecify.annotations.NullMarked;
