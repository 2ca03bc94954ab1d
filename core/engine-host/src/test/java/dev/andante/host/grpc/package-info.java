/** Tests. */
@NullMarked
package dev.andante.host.grpc;

import org.jspecify.annotations.NullMarked;
