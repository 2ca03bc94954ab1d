/** Tests of the decode role, and of prefill and decode together over real gRPC. */
@NullMarked
package dev.andante.decode;

import org.jspecify.annotations.NullMarked;
