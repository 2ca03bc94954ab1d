/** Tests. */
@NullMarked
package dev.andante.service.grpc;

import org.jspecify.annotations.NullMarked;
