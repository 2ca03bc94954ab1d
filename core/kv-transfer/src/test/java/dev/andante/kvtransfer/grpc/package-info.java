/** Tests of pushes over in-process gRPC, with links that lose, repeat, damage and reorder. */
@NullMarked
package dev.andante.kvtransfer.grpc;

import org.jspecify.annotations.NullMarked;
